// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>

#include "census.h"
#include "doorbell.h"
#include "elephant.h"
#include "plan.h"
#include "review.h"
#include "roster.h"

/* How often their rates are looked at. */
#define REVIEW_INTERVAL (HZ / 5)

static void review(struct work_struct *work);
static DECLARE_DELAYED_WORK(review_work, review);

void falcon_review_now(void)
{
	struct falcon_elephant *elephant = NULL;

	while ((elephant = falcon_roster_next(elephant))) {
		local_bh_disable();
		falcon_elephant_review(elephant, rcu_dereference_bh(falcon_plan));
		local_bh_enable();
	}
}

static void review(struct work_struct *work)
{
	falcon_review_now();
	/* No packet may come that would, of flows that wait for one to be answered. */
	falcon_doorbell_look();
	if (falcon_census_flows())
		schedule_delayed_work(&review_work, REVIEW_INTERVAL);
}

void falcon_review_start(void)
{
	/* A review that saw none just now has ended, or goes on after this. */
	schedule_delayed_work(&review_work, REVIEW_INTERVAL);
}

void falcon_review_stop(void)
{
	cancel_delayed_work_sync(&review_work);
}
