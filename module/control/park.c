// SPDX-License-Identifier: GPL-2.0
/*
 * Order of going to rest: no flow may go into lanes any more, which every packet sees; none is
 * there; the functions are given back. And the other way round. So no packet in a lane ever
 * meets a function that is not hooked.
 */

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "control/park.h"
#include "control/planner.h"
#include "core/config.h"
#include "hook/hook.h"
#include "rules/priority.h"

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look);

/* Written while the work is not there, but for parked and since, which are its own. */
static bool (*is_settled)(void);
static bool active;
static bool parked;
static unsigned long since;	/* jiffies from which no flow was in lanes */

static void park_hooks(void)
{
	falcon_planner_park(true);
	if (!is_settled()) {
		falcon_planner_park(false);
		return;
	}
	/* Who delivered the last packets of a flow is done with it. */
	synchronize_net();
	falcon_hooks_park(falcon_planner_mode());
	parked = true;
}

static void unpark_hooks(void)
{
	falcon_hooks_unpark();
	falcon_planner_park(false);
	parked = false;
}

/* The first packet of a flow with priority is not to wait for hooks. */
static bool needs_lanes(void)
{
	return falcon_priority_used() && falcon_planner_mode() == FALCON_MODE_LANES;
}

/* Once a second; while it is parked only when falcon_park_end() says so. */
static void look(struct work_struct *work)
{
	unsigned long park = falcon_config_park() * HZ;

	if (parked) {
		unpark_hooks();
		since = jiffies;
	} else if (!park || needs_lanes() || !is_settled()) {
		since = jiffies;
	} else if (time_after_eq(jiffies, since + park)) {
		park_hooks();
	}
	if (!parked)
		schedule_delayed_work(&look_work, HZ);
}

void falcon_park_start(bool (*settled)(void))
{
	is_settled = settled;
	since = jiffies;
	schedule_delayed_work(&look_work, HZ);
	WRITE_ONCE(active, true);
}

void falcon_park_stop(bool wake)
{
	WRITE_ONCE(active, false);
	synchronize_net();	/* falcon_park_end() */
	cancel_delayed_work_sync(&look_work);
	if (parked && wake)
		unpark_hooks();
	else if (parked)
		falcon_planner_park(false);
	parked = false;
}

void falcon_park_end(void)
{
	/* For falcon_park_stop(), also when a request has come that may be preempted. */
	rcu_read_lock();
	if (READ_ONCE(active))
		mod_delayed_work(system_percpu_wq, &look_work, 0);
	rcu_read_unlock();
}
