// SPDX-License-Identifier: GPL-2.0
/*
 * The order of parking: first the plan forbids promotion, and after a grace period every packet
 * sees that plan; then falcon checks that no flow is in lanes; then it gives the functions back.
 * Unparking goes the other way round. So a packet in a lane finds every function hooked.
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

/* The work writes @parked and @since; others write these only while the work is not queued. */
static bool (*is_settled)(void);
static bool active;		/* falcon_park_end() may queue the work */
static bool parked;
static unsigned long since;	/* jiffies since which no flow was seen in lanes */

static void park_hooks(void)
{
	falcon_planner_park(true);
	if (!is_settled()) {
		falcon_planner_park(false);
		return;
	}
	/* The softirq that delivered a flow's last packets may still be in a hooked function. */
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

/* Never park with rules: the first packet of a flow with priority must not wait for hooks. */
static bool needs_lanes(void)
{
	return falcon_priority_used() && falcon_planner_mode() == FALCON_MODE_LANES;
}

/* Runs once a second. While the hooks are parked it runs only when falcon_park_end() queues it. */
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
	synchronize_net();	/* waits for falcon_park_end(), which may have seen active */
	cancel_delayed_work_sync(&look_work);
	if (parked && wake)
		unpark_hooks();
	else if (parked)
		falcon_planner_park(false);
	parked = false;
}

void falcon_park_end(void)
{
	/* For falcon_park_stop(), which waits: a caller in process context has no section yet. */
	rcu_read_lock();
	if (READ_ONCE(active))
		mod_delayed_work(system_percpu_wq, &look_work, 0);
	rcu_read_unlock();
}
