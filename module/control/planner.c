// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <uapi/linux/falcon.h>

#include "control/planner.h"
#include "core/config.h"
#include "core/plan.h"
#include "hook/hook.h"
#include "host/cpu.h"
#include "host/tunnels.h"
#include "host/udp_gro.h"
#include "lanes/promote.h"

static DEFINE_MUTEX(plan_lock);
static enum falcon_phase current_phase;	/* under plan_lock */
static enum falcon_mode current_mode;	/* under plan_lock */
static bool parked;			/* under plan_lock */
static bool watches_all;		/* under plan_lock */
static u32 generation;			/* under plan_lock */

static u16 standby_reason(unsigned int cpus)
{
	if (current_phase != FALCON_PHASE_RUN || falcon_load_busy())
		return FALCON_A_COUNTERS_STANDBY;
	return cpus ? 0 : FALCON_A_COUNTERS_NO_OTHER_CPU;
}

static void take_config(struct falcon_plan *plan, const struct falcon_config *config)
{
	plan->mode = current_mode;
	plan->policy = config->policy;
	plan->workers = config->workers;
	plan->batch = config->batch;
	plan->elephant_rate = config->elephant_rate;
	plan->elephant_window = div_u64((u64)config->elephant_rate * FALCON_PROMOTE_WINDOW, HZ);
	plan->delivery = config->delivery;
	plan->coalesce = config->coalesce * NSEC_PER_USEC;
	plan->host = config->host;
	plan->priority_auto = config->priority_auto;
}

/*
 * A flow that changes its CPU behind the NIC's stage must not leave packets in the old CPU's GRO
 * cell, and nobody can look into a cell. So the split at the NIC and the bypass of the cells go
 * together. In mode lanes there is no bypass: flows that are not in lanes go through the cell.
 */
static u32 gro_bypass(const struct falcon_plan *plan)
{
	const struct falcon_plan *old;

	if (plan->mode != FALCON_MODE_PIPELINE || current_phase == FALCON_PHASE_LEAVING ||
	    !falcon_hook_attached(FALCON_HOOK_GRO_CELL))
		return 0;
	old = rcu_dereference_protected(falcon_plan, lockdep_is_held(&plan_lock));
	return old && old->gro_bypass ? old->gro_bypass : plan->generation;
}

/* True if the functions that mode lanes needs are hooked, or parked. */
static bool lanes_capable(void)
{
	return falcon_hook_available(FALCON_HOOK_GRO_CELL) &&
	       falcon_hook_available(FALCON_HOOK_MERGE) &&
	       falcon_hook_available(FALCON_HOOK_INGRESS);
}

enum falcon_mode falcon_planner_resolve(enum falcon_mode mode)
{
	if (mode != FALCON_MODE_AUTO)
		return mode;
	return lanes_capable() ? FALCON_MODE_LANES : FALCON_MODE_PIPELINE;
}

/* True if flows may have packets in queues that nobody looked at under the old plan. */
static bool sees_more(const struct falcon_plan *old, const struct falcon_plan *plan)
{
	return !old || old->ahead != plan->ahead || old->mode != plan->mode ||
	       old->lanes_capable != plan->lanes_capable || old->host != plan->host;
}

static void take_tunnels(struct falcon_plan *plan)
{
	struct falcon_tunnel_sum sum;

	falcon_tunnels_get(&sum);
	plan->tunnels = sum.tunnels;
	memcpy(plan->known.port, sum.port_since, sizeof(plan->known.port));
	memcpy(plan->known.kind, sum.kind_since, sizeof(plan->known.kind));
	plan->known.kind[FALCON_ENCAP_NONE] = sum.changed;
}

static struct falcon_plan *plan_make(void)
{
	const struct falcon_plan *old = rcu_dereference_protected(falcon_plan,
								  lockdep_is_held(&plan_lock));
	static struct falcon_config config;	/* under plan_lock */
	struct falcon_plan *plan;
	unsigned int cpu;

	falcon_config_get(&config);

	/* Nobody could be told of a failure, and an allocation of a few hundred bytes succeeds. */
	plan = kzalloc(struct_size(plan, cpus, nr_cpu_ids), GFP_KERNEL | __GFP_NOFAIL);
	plan->generation = ++generation;
	take_config(plan, &config);
	take_tunnels(plan);
	falcon_cpus_usable(&config.cpus, &plan->mask);
	for_each_cpu(cpu, &plan->mask)
		plan->cpus[plan->count++] = cpu;
	plan->standby = standby_reason(plan->count);
	plan->ahead = current_phase == FALCON_PHASE_RUN;
	plan->gro_bypass = gro_bypass(plan);
	plan->nic_split = config.nic_split && plan->gro_bypass;
	plan->lanes_capable = lanes_capable();
	plan->parked = parked;
	plan->watches_all = watches_all;
	plan->since = sees_more(old, plan) ? jiffies : old->since;
	plan->awake = !old || old->parked ? jiffies : old->awake;
	return plan;
}

/*
 * The caller holds plan_lock. That lock is taken under RTNL and in CPU hotplug callbacks, so its
 * holder must take neither RTNL nor the hotplug lock.
 */
static void update(void)
{
	struct falcon_plan *plan = current_phase == FALCON_PHASE_OFF ? NULL : plan_make();
	struct falcon_plan *old;

	/* Before the plan: a grace period after the plan then covers the number, too. */
	WRITE_ONCE(falcon_plan_number, plan ? plan->generation : 0);
	old = rcu_replace_pointer(falcon_plan, plan, lockdep_is_held(&plan_lock));
	if (old)
		kfree_rcu(old, rcu);
}

void falcon_replan(void)
{
	mutex_lock(&plan_lock);
	update();
	mutex_unlock(&plan_lock);
}

void falcon_planner_set_mode(enum falcon_mode mode)
{
	mutex_lock(&plan_lock);
	current_mode = mode;
	mutex_unlock(&plan_lock);
}

enum falcon_mode falcon_planner_mode(void)
{
	enum falcon_mode mode;

	mutex_lock(&plan_lock);
	mode = current_mode;
	mutex_unlock(&plan_lock);
	return mode;
}

bool falcon_planner_fits_devices(void)
{
	return falcon_planner_mode() != FALCON_MODE_PIPELINE || falcon_devices_merge_as_told();
}

void falcon_planner_enter(enum falcon_phase phase)
{
	mutex_lock(&plan_lock);
	current_phase = phase;
	update();
	mutex_unlock(&plan_lock);
	/* From here on every packet sees the new plan. */
	synchronize_net();
}

void falcon_planner_park(bool parks)
{
	mutex_lock(&plan_lock);
	parked = parks;
	update();
	mutex_unlock(&plan_lock);
	synchronize_net();
}

void falcon_planner_watch_all(bool wanted)
{
	mutex_lock(&plan_lock);
	watches_all = wanted;
	update();
	mutex_unlock(&plan_lock);
	synchronize_net();
}
