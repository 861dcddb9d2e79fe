// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>

#include "core/plan.h"
#include "lanes/census.h"
#include "lanes/doorbell.h"
#include "lanes/inbox.h"
#include "lanes/review.h"
#include "lanes/roster.h"
#include "lanes/step.h"

/* How often their rates are looked at. */
#define REVIEW_INTERVAL (HZ / 5)

/* How often the rate is looked at. */
#define RATE_INTERVAL (HZ / 5)

static void review(struct work_struct *work);
static DECLARE_DELAYED_WORK(review_work, review);

static void balance(struct falcon_elephant *elephant, const struct falcon_plan *plan,
		    unsigned long elapsed)
{
	unsigned int share = falcon_placement_measure(&elephant->placement, elapsed);

	if (elephant->gate != FALCON_GATE_OPEN || !elephant->trial.over ||
	    !falcon_placement_balance(&elephant->placement, plan, elephant->home, share,
				      falcon_rung_is_merged(elephant)))
		return;
	elephant->turn %= elephant->placement.spread.count;
	falcon_step_rotate(elephant);
}

static void review_flow(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	unsigned long elapsed;

	spin_lock(&elephant->lock);
	falcon_backlog_refresh(&elephant->way.astray);
	falcon_backlog_refresh(&elephant->delivered);
	elapsed = jiffies - elephant->rate_since;
	if (falcon_rung_is_unwanted(elephant, plan)) {
		falcon_step_leave(elephant, FALCON_LIMIT_STANDBY);
	} else if (elapsed >= RATE_INTERVAL) {
		elephant->rate = div_u64((elephant->packets - elephant->rate_packets) * HZ,
					 elapsed);
		elephant->rate_packets = elephant->packets;
		elephant->rate_since = jiffies;
		if (falcon_rung_is_slow(elephant, plan) ||
		    (!elephant->rate && !elephant->priority.rule))
			falcon_step_leave(elephant, FALCON_LIMIT_RATE);
		else if (falcon_rung_stays_home(elephant, plan) != elephant->placement.home)
			falcon_step_adapt(elephant, plan, elephant->home);
		else
			balance(elephant, plan, elapsed);
	}
	falcon_inbox_done(elephant, plan);
}

void falcon_review_now(void)
{
	struct falcon_elephant *elephant = NULL;

	while ((elephant = falcon_roster_next(elephant))) {
		local_bh_disable();
		review_flow(elephant, rcu_dereference_bh(falcon_plan));
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
