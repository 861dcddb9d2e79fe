// SPDX-License-Identifier: GPL-2.0

#include <linux/delay.h>
#include <linux/jump_label.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/rps.h>

#include "config.h"
#include "control.h"
#include "cpu.h"
#include "device.h"
#include "flow.h"
#include "hook.h"
#include "netlink.h"
#include "policy.h"

/* How long flows that are queued may take to come back before the hooks are detached. */
#define SETTLE_WAIT_MS 250

/* Softirqs that were pending when the hooks came are done after that, and then some. */
#define WARMUP_MS 20

enum phase {
	PHASE_OFF,	/* no plan */
	PHASE_HELD,	/* hooks attached, flows stay where they arrive, or go back there */
	PHASE_RUN,
};

static DEFINE_MUTEX(control_lock);	/* enable and disable; never taken under RTNL */
static DEFINE_MUTEX(plan_lock);
static enum phase phase;		/* under plan_lock */
static u32 generation;			/* under plan_lock */

struct falcon_plan __rcu *falcon_plan;

static u16 hold_reason(unsigned int cpus)
{
	if (phase == PHASE_HELD || falcon_load_busy())
		return FALCON_A_COUNTERS_STANDBY;
	return cpus ? 0 : FALCON_A_COUNTERS_NO_OTHER_CPU;
}

static struct falcon_plan *plan_make(void)
{
	static struct falcon_config config;	/* under plan_lock */
	struct falcon_device_sum sum;
	struct falcon_plan *plan;
	unsigned int cpu;

	falcon_config_get(&config);
	falcon_devices_sum(&sum);

	/* Nobody whom a failure could be told to; a few hundred bytes do not fail. */
	plan = kzalloc(struct_size(plan, cpus, nr_cpu_ids), GFP_KERNEL | __GFP_NOFAIL);
	plan->generation = ++generation;
	plan->tunnels = sum.tunnels;
	falcon_cpus_usable(&config.cpus, &plan->mask);
	for_each_cpu(cpu, &plan->mask)
		plan->cpus[plan->count++] = cpu;
	plan->hold = hold_reason(plan->count);
	/*
	 * A flow that changes its CPU after the NIC's stage must not leave packets behind in
	 * the old CPU's GRO cell, which nobody can look into: the one goes with the other.
	 */
	plan->cell_bypass = falcon_hook_attached(FALCON_HOOK_CELL) && !sum.merges_udp;
	plan->nic_split = config.nic_split && plan->cell_bypass;
	return plan;
}

void falcon_plan_lock(void)
{
	mutex_lock(&plan_lock);
}

void falcon_plan_unlock(void)
{
	mutex_unlock(&plan_lock);
}

void falcon_plan_update(void)
{
	struct falcon_plan *plan = phase == PHASE_OFF ? NULL : plan_make();
	struct falcon_plan *old;

	old = rcu_replace_pointer(falcon_plan, plan, lockdep_is_held(&plan_lock));
	if (old)
		kfree_rcu(old, rcu);
}

void falcon_replan(void)
{
	falcon_plan_lock();
	falcon_plan_update();
	falcon_plan_unlock();
}

static void enter(enum phase next)
{
	falcon_plan_lock();
	phase = next;
	falcon_plan_update();
	falcon_plan_unlock();
	/* From here on every packet sees it. */
	synchronize_net();
}

bool falcon_plan_wants(unsigned int cpu)
{
	const struct falcon_plan *plan;
	bool wants;

	rcu_read_lock();
	plan = rcu_dereference(falcon_plan);
	wants = plan && cpumask_test_cpu(cpu, &plan->mask);
	rcu_read_unlock();
	return wants;
}

void falcon_plan_show(struct cpumask *cpus, const char **reason)
{
	const struct falcon_plan *plan;
	struct falcon_device_sum sum;

	falcon_devices_sum(&sum);
	cpumask_clear(cpus);
	*reason = NULL;
	rcu_read_lock();
	plan = rcu_dereference(falcon_plan);
	if (plan) {
		cpumask_copy(cpus, &plan->mask);
		if (falcon_load_busy())
			*reason = "the host is busy (busy-threshold)";
		else if (!plan->count)
			*reason = "no CPU of the configured set is online";
		else if (plan->count == 1)
			*reason = "the set has one CPU, stages that arrive there stay there";
		else if (!sum.tunnels.ports && !sum.tunnels.gre && !sum.tunnels.ip_in_ip)
			*reason = "this host has no tunnel device";
	}
	rcu_read_unlock();
}

bool falcon_enabled(void)
{
	return rcu_access_pointer(falcon_plan);
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

	err = falcon_flows_alloc();
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for the flow tables");
		return err;
	}
	err = falcon_hooks_attach(extack);
	if (err) {
		falcon_flows_free();
		return err;
	}
	/* The kernel asks get_rps_cpu() only while somebody needs it. */
	static_branch_inc(&rps_needed);

	/*
	 * Flows that are running first go on as they are, known to the tables: what the GRO
	 * cells held of them is through when the first one moves.
	 */
	enter(PHASE_HELD);
	msleep(WARMUP_MS);
	falcon_load_start();
	enter(PHASE_RUN);
	return 0;
}

int falcon_enable(struct netlink_ext_ack *extack)
{
	struct falcon_notice notice = { .event = FALCON_EVENT_ENABLED };
	int err;

	mutex_lock(&control_lock);
	err = enable_locked(extack);
	if (!err)
		falcon_notify(&notice);
	mutex_unlock(&control_lock);
	return err;
}

/*
 * After enter(PHASE_OFF) no packet takes a decision of falcon's, and none that took one is
 * still between the decision and the queue, which is one RCU read section: the tables have
 * no user. Packets in the backlogs belong to the kernel. falcon_hooks_detach() waits for the
 * trampolines, the last synchronize_net() for the replacements that they entered.
 */
static void disable_locked(void)
{
	unsigned int waited;

	enter(PHASE_HELD);
	for (waited = 0; waited < SETTLE_WAIT_MS && !falcon_flows_settled(FALCON_NO_CPU); waited++)
		usleep_range(1000, 1500);
	falcon_load_stop();
	enter(PHASE_OFF);
	static_branch_dec(&rps_needed);
	falcon_hooks_detach();
	synchronize_net();
	falcon_flows_free();
}

int falcon_disable(void)
{
	struct falcon_notice notice = { .event = FALCON_EVENT_DISABLED };
	int err = -EALREADY;

	mutex_lock(&control_lock);
	if (falcon_enabled()) {
		disable_locked();
		falcon_notify(&notice);
		err = 0;
	}
	mutex_unlock(&control_lock);
	return err;
}
