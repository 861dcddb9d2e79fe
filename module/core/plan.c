// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>

#include "core/plan.h"

struct falcon_plan __rcu *falcon_plan;
u32 falcon_plan_number;		/* written by control/planner.c */

static unsigned long known_since(const struct falcon_plan *plan, const struct falcon_encap *encap)
{
	unsigned int i;

	if (!falcon_encap_has_port(encap->kind))
		return plan->known.kind[encap->kind];
	for (i = 0; i < plan->tunnels.ports; i++)
		if (plan->tunnels.port[i].port == encap->port)
			return plan->known.port[i];
	return jiffies;
}

unsigned long falcon_plan_since(const struct falcon_plan *plan, const struct falcon_encap *encap)
{
	unsigned long known = known_since(plan, encap);

	return time_after(known, plan->since) ? known : plan->since;
}

bool falcon_plan_parked(void)
{
	const struct falcon_plan *plan;
	bool parked;

	rcu_read_lock();
	plan = rcu_dereference(falcon_plan);
	parked = plan && plan->parked;
	rcu_read_unlock();
	return parked;
}

u32 falcon_plan_gro_bypass(void)
{
	const struct falcon_plan *plan;
	u32 epoch;

	rcu_read_lock();
	plan = rcu_dereference(falcon_plan);
	epoch = plan ? plan->gro_bypass : 0;
	rcu_read_unlock();
	return epoch;
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
