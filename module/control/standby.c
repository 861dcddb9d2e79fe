// SPDX-License-Identifier: GPL-2.0

#include <linux/rcupdate.h>

#include "control/standby.h"
#include "control/unseen.h"
#include "core/plan.h"
#include "host/cpu.h"
#include "host/device.h"
#include "host/tunnels.h"

static bool has_tunnels(const struct falcon_tunnels *tunnels)
{
	unsigned int kind;

	for (kind = 0; kind < FALCON_ENCAP_KINDS; kind++)
		if (tunnels->kind[kind])
			return true;
	return tunnels->ports;
}

static const char *idle_reason(const struct falcon_plan *plan)
{
	bool lanes = plan->mode == FALCON_MODE_LANES;

	if (falcon_load_busy())
		return "the host is busy (busy-threshold)";
	if (lanes && !plan->lanes_capable)
		return "a function that mode lanes needs is not hooked, see the hooks";
	if (!plan->count)
		return "no CPU of the configured set is online";
	if (plan->count == 1)
		return lanes ? "the set has one CPU, flows that arrive there stay there" :
			       "the set has one CPU, stages that arrive there stay there";
	if (!has_tunnels(&plan->tunnels) && !(lanes && plan->host))
		return "this host has no tunnel device that its NICs' packets come to";
	if (lanes && !falcon_devices_nics())
		return "every device of this host is virtual, no NIC brings packets";
	if (lanes && falcon_unseen())
		return "packets come through tunnels, but none of a flow is seen at a NIC: they "
		       "are encrypted there (IPsec, WireGuard), come from a device that is no NIC "
		       "or whose driver does without GRO, or are not IP";
	return NULL;
}

static void find_reason(const struct falcon_plan *plan, char *reason)
{
	const char *idle = idle_reason(plan);
	struct falcon_tunnel_sum sum;

	if (idle) {
		strscpy(reason, idle, FALCON_STANDBY_TEXT);
		return;
	}
	falcon_tunnels_get(&sum);
	if (sum.left_out)
		snprintf(reason, FALCON_STANDBY_TEXT,
			 "tunnels have more than %u UDP ports: flows by port %u are not steered",
			 FALCON_TUNNEL_PORTS, sum.left_out);
}

void falcon_standby_show(struct cpumask *cpus, char *reason)
{
	const struct falcon_plan *plan;

	cpumask_clear(cpus);
	if (reason)
		reason[0] = '\0';
	rcu_read_lock();
	plan = rcu_dereference(falcon_plan);
	if (plan)
		cpumask_copy(cpus, &plan->mask);
	if (plan && reason)
		find_reason(plan, reason);
	rcu_read_unlock();
}
