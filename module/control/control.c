// SPDX-License-Identifier: GPL-2.0

#include <linux/delay.h>
#include <linux/jump_label.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <net/rps.h>

#include "control/control.h"
#include "control/datapath.h"
#include "control/park.h"
#include "control/planner.h"
#include "control/unseen.h"
#include "core/config.h"
#include "core/event.h"
#include "core/plan.h"
#include "hook/hook.h"
#include "host/cpu.h"
#include "host/host.h"
#include "host/udp_gro.h"
#include "lanes/forget.h"
#include "pipeline/gro_bypass.h"
#include "pipeline/rps_flow.h"
#include "policy/policy.h"

/* How long falcon waits for flows to come back before it goes on without them. */
#define SETTLE_WAIT_MS 1000

/* Long enough for the softirqs that were pending when the hooks were attached. */
#define WARMUP_MS 20

static DEFINE_MUTEX(control_lock);	/* outermost: never taken under RTNL */
static u32 tables = 1;			/* written under control_lock */

void falcon_control_lock(void)
{
	mutex_lock(&control_lock);
}

void falcon_control_unlock(void)
{
	mutex_unlock(&control_lock);
}

u32 falcon_control_tables(void)
{
	return smp_load_acquire(&tables);	/* pairs with change_tables() */
}

/*
 * Called before the tables change, and again afterwards: a reader that finds the same number twice
 * has seen the same tables in between.
 */
static void change_tables(void)
{
	/* Always odd: 0 in a dump's sequence means that there is no number. */
	smp_store_release(&tables, tables + 2);	/* pairs with falcon_control_tables() */
}

/* The kernel calls get_rps_cpu() only while the static key rps_needed is on. */
static void need_steering(bool needed)
{
	static bool is_needed;	/* under control_lock */

	if (needed == is_needed)
		return;
	is_needed = needed;
	if (needed)
		static_branch_inc(&rps_needed);
	else
		static_branch_dec(&rps_needed);
}

static bool has_left(unsigned int cpu)
{
	return falcon_rps_flows_settled(cpu) && falcon_datapath_has_left(cpu);
}

static bool settled(void)
{
	return falcon_rps_flows_settled(FALCON_NO_CPU) && falcon_datapath_settled();
}

/* Wait until a condition holds, SETTLE_WAIT_MS at most. @what: the log's text if it does not. */
static void wait_until(bool (*is_so)(void), const char *what)
{
	ktime_t end = ktime_add_ms(ktime_get(), SETTLE_WAIT_MS);

	while (!is_so()) {
		if (ktime_after(ktime_get(), end)) {
			pr_notice("%s after %u ms; the order of those packets is not kept\n",
				  what, SETTLE_WAIT_MS);
			return;
		}
		usleep_range(1000, 1500);
	}
}

/*
 * Bring flows back to the CPU on which they arrive, each when it has drained. Then let packets go
 * through the GRO cells again. When falcon gives the functions back afterwards, no packet is left
 * in a place where the next one could overtake it.
 */
static void settle(void)
{
	falcon_planner_enter(FALCON_PHASE_HELD);
	wait_until(settled, "some flows have not come back");
	if (!falcon_plan_gro_bypass())
		return;
	falcon_planner_enter(FALCON_PHASE_LEAVING);
	falcon_gro_bypass_change(0);
	wait_until(falcon_gro_bypass_settled, "some packets still wait for the GRO cells");
}

/*
 * First flows stay where they are, while the hooks enter them into the tables, and the packets in
 * the GRO cells leave. Only then may a flow move: no packet of it is left in a place where the next
 * one could overtake it.
 */
static void warm_up(void)
{
	u32 epoch;

	falcon_planner_enter(FALCON_PHASE_HELD);
	epoch = falcon_plan_gro_bypass();
	if (epoch)
		falcon_gro_bypass_change(epoch);
	msleep(WARMUP_MS);
	wait_until(falcon_gro_bypass_settled, "some packets still wait for the GRO cells");
	falcon_planner_enter(FALCON_PHASE_RUN);
}

bool falcon_enabled(void)
{
	return rcu_access_pointer(falcon_plan);
}

static void refresh(struct work_struct *work)
{
	mutex_lock(&control_lock);
	if (falcon_enabled() && !falcon_planner_fits_devices()) {
		settle();
		falcon_devices_tell_merging(false);
		warm_up();
	}
	mutex_unlock(&control_lock);
}

static DECLARE_WORK(refresh_work, refresh);

/* The caller holds RTNL, so the control mutex must not be taken here; or it holds that mutex. */
static void refresh_later(void)
{
	if (falcon_enabled() && !falcon_planner_fits_devices())
		schedule_work(&refresh_work);
}

static int enable_locked(struct netlink_ext_ack *extack)
{
	int err;

	if (falcon_enabled()) {
		NL_SET_ERR_MSG(extack, "falcon is enabled already");
		return -EALREADY;
	}
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		NL_SET_ERR_MSG(extack, "PREEMPT_RT is not supported: softirqs move between CPUs");
		return -EOPNOTSUPP;
	}

	err = falcon_rps_flows_alloc();
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for the flow tables");
		return err;
	}
	err = falcon_datapath_alloc(falcon_park_end);
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for the lanes");
		goto flows;
	}
	err = falcon_hooks_attach(extack);
	if (err)
		goto datapath;
	falcon_planner_set_mode(falcon_planner_resolve(falcon_config_mode()));
	need_steering(falcon_planner_mode() == FALCON_MODE_PIPELINE);

	falcon_load_start();
	falcon_devices_tell_merging(true);
	warm_up();
	falcon_park_start(falcon_datapath_settled);
	falcon_unseen_start();
	refresh_later();	/* a device may have changed before falcon_enabled() was true */
	return 0;

datapath:
	falcon_datapath_free();
flows:
	falcon_rps_flows_free();
	return err;
}

int falcon_enable(struct netlink_ext_ack *extack)
{
	struct falcon_event_msg msg = { .event = FALCON_EVENT_ENABLED };
	int err;

	mutex_lock(&control_lock);
	change_tables();
	err = enable_locked(extack);
	change_tables();
	if (!err)
		falcon_event_send(&msg);
	mutex_unlock(&control_lock);
	return err;
}

/*
 * After falcon_planner_enter(FALCON_PHASE_OFF) the tables have no user. New packets find no plan.
 * Packets for which falcon had decided before have reached their queue, since decision and queueing
 * are in one RCU read section. Packets in the backlogs are the kernel's and refer to no memory of
 * falcon's. falcon_hooks_detach() waits for ftrace's trampolines, and the last synchronize_net()
 * for the replacements that the trampolines have entered.
 */
static void disable_locked(void)
{
	falcon_unseen_stop();
	settle();
	falcon_park_stop(false);
	falcon_load_stop();
	falcon_planner_enter(FALCON_PHASE_OFF);
	need_steering(false);
	falcon_hooks_detach();
	synchronize_net();
	falcon_datapath_free();
	falcon_rps_flows_free();
}

int falcon_disable(void)
{
	struct falcon_event_msg msg = { .event = FALCON_EVENT_DISABLED };
	int err = -EALREADY;

	mutex_lock(&control_lock);
	if (falcon_enabled()) {
		change_tables();
		disable_locked();
		change_tables();
		falcon_event_send(&msg);
		err = 0;
	}
	mutex_unlock(&control_lock);
	return err;
}

void falcon_control_exit(void)
{
	cancel_work_sync(&refresh_work);
}

/* The caller holds control_lock. */
static void put_into_effect(const struct falcon_config *config)
{
	static const struct falcon_event_msg msg = { .event = FALCON_EVENT_CONFIG };
	enum falcon_mode mode;
	bool switches, stirs;

	mode = falcon_planner_resolve(config->mode);
	switches = falcon_enabled() && falcon_planner_mode() != mode;
	stirs = switches || (falcon_enabled() && falcon_config_park() != config->park);
	if (stirs)
		falcon_park_stop(true);
	if (switches) {
		change_tables();
		settle();
	}
	falcon_config_set(config);
	if (switches) {
		/* Before a plan of the new mode lets packets go past the cells. */
		falcon_devices_tell_merging(false);
		falcon_planner_set_mode(mode);
		change_tables();
		need_steering(mode == FALCON_MODE_PIPELINE);
		warm_up();
		/* A device may have changed while the mode was another one. */
		refresh_later();
	} else {
		falcon_replan();
	}
	if (stirs)
		falcon_park_start(falcon_datapath_settled);
	falcon_event_send(&msg);
}

int falcon_configure(int (*change)(struct falcon_config *config, void *data), void *data)
{
	static struct falcon_config config;	/* under control_lock; too large for the stack */
	int err;

	mutex_lock(&control_lock);
	falcon_config_get(&config);
	err = change(&config, data);
	if (!err)
		put_into_effect(&config);
	mutex_unlock(&control_lock);
	return err;
}

const struct falcon_host_ops falcon_control_host_ops = {
	.changed		= falcon_replan,
	.merging_changed	= refresh_later,
	.cpu_comes		= falcon_datapath_cpu_comes,
	.cpu_came		= falcon_datapath_cpu_came,
	.cpu_has_left		= has_left,
	.device_gone		= falcon_forget,
	.tunnel_gone		= falcon_forget_tunnel,
	.nic_gone		= falcon_forget_nic,
};
