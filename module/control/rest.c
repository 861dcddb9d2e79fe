// SPDX-License-Identifier: GPL-2.0
/*
 * Order of going to rest: no flow may go into lanes any more, which every packet sees; none is
 * there; the functions are given back. And the other way round. So no packet in a lane ever
 * meets a function that is not hooked.
 */

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "control/planner.h"
#include "control/rest.h"
#include "core/config.h"
#include "hook/hook.h"
#include "rules/priority.h"

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look);

/* Written while the work is not there, but for resting and since, which are its own. */
static bool (*is_settled)(void);
static bool active;
static bool resting;
static unsigned long since;	/* jiffies from which no flow was in lanes */

static void lie_down(void)
{
	falcon_planner_rest(true);
	if (!is_settled()) {
		falcon_planner_rest(false);
		return;
	}
	/* Who delivered the last packets of a flow is done with it. */
	synchronize_net();
	falcon_hooks_rest(falcon_planner_mode());
	resting = true;
}

static void get_up(void)
{
	falcon_hooks_wake();
	falcon_planner_rest(false);
	resting = false;
}

/* The first packet of a flow with priority is not to wait for hooks. */
static bool needs_lanes(void)
{
	return falcon_priority_used() && falcon_planner_mode() == FALCON_MODE_LANES;
}

/* Once a second; while it rests only when falcon_rest_end() says so. */
static void look(struct work_struct *work)
{
	unsigned long rest = falcon_config_rest() * HZ;

	if (resting) {
		get_up();
		since = jiffies;
	} else if (!rest || needs_lanes() || !is_settled()) {
		since = jiffies;
	} else if (time_after_eq(jiffies, since + rest)) {
		lie_down();
	}
	if (!resting)
		schedule_delayed_work(&look_work, HZ);
}

void falcon_rest_start(bool (*settled)(void))
{
	is_settled = settled;
	since = jiffies;
	schedule_delayed_work(&look_work, HZ);
	WRITE_ONCE(active, true);
}

void falcon_rest_stop(bool wake)
{
	WRITE_ONCE(active, false);
	synchronize_net();	/* falcon_rest_end() */
	cancel_delayed_work_sync(&look_work);
	if (resting && wake)
		get_up();
	else if (resting)
		falcon_planner_rest(false);
	resting = false;
}

void falcon_rest_end(void)
{
	/* For falcon_rest_stop(), also when a request has come that may be preempted. */
	rcu_read_lock();
	if (READ_ONCE(active))
		mod_delayed_work(system_percpu_wq, &look_work, 0);
	rcu_read_unlock();
}
