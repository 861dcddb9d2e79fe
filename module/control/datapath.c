// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/smp.h>

#include "control/datapath.h"
#include "lanes/budget.h"
#include "lanes/flow_list.h"
#include "lanes/flow_table.h"
#include "lanes/gate.h"
#include "lanes/handover.h"
#include "lanes/ingress.h"
#include "lanes/lane.h"
#include "lanes/promote.h"
#include "lanes/review.h"
#include "lanes/transit.h"
#include "pipeline/gro_bypass.h"

static struct net_device *dummy;

static const struct falcon_lane_ops flow_ops = {
	.process	= falcon_transit_process,
	.deliver	= falcon_transit_deliver,
};

bool falcon_datapath_settled(void)
{
	falcon_review_now();
	return !falcon_budget_flows() && falcon_gro_bypass_settled();
}

void falcon_datapath_cpu_comes(unsigned int cpu)
{
	if (falcon_flow_table_hold())
		falcon_gate_cpu_comes(cpu);
	falcon_flow_table_release();
	/* A poll that stands in for the CPU, and began before, ends before the CPU runs. */
	synchronize_net();
}

void falcon_datapath_cpu_came(unsigned int cpu)
{
	if (falcon_flow_table_hold())
		falcon_gate_cpu_came(cpu);
	falcon_flow_table_release();
}

bool falcon_datapath_has_left(u16 cpu)
{
	bool left = !falcon_flow_table_hold() || falcon_lane_is_idle(cpu);

	falcon_flow_table_release();
	return left;
}

int falcon_datapath_alloc(void (*wake)(void))
{
	int err = -ENOMEM;

	falcon_promote_start(wake);
	dummy = alloc_netdev_dummy(0);
	if (!dummy)
		return err;
	err = falcon_lanes_alloc(dummy, &flow_ops);
	if (err)
		goto free_dummy;
	err = falcon_ingress_alloc(dummy);
	if (err)
		goto free_lanes;
	err = falcon_gro_bypass_alloc(dummy);
	if (err)
		goto free_ingress;
	err = falcon_flow_table_alloc();
	if (err)
		goto free_gates;
	return 0;

free_gates:
	falcon_gro_bypass_free();
free_ingress:
	falcon_ingress_stop();
	falcon_ingress_free();
free_lanes:
	falcon_lanes_stop();
	falcon_lanes_free();
free_dummy:
	falcon_dummy_free(dummy);
	return err;
}

/* Drop the packets of all flows, which nobody uses any more. Return: the number of packets. */
static unsigned int drop_flows(void)
{
	struct falcon_flow *flow = NULL;
	unsigned int dropped = 0;

	while ((flow = falcon_flow_list_next(flow))) {
		/* falcon_ingress_drop() drops the packets of a flow that has left lanes. */
		if (flow->dead)
			continue;
		list_del_init(&flow->gate_node);
		local_bh_disable();
		WRITE_ONCE(flow->dead, true);
		falcon_flow_list_leave(flow);
		local_bh_enable();
		dropped += falcon_handover_drop(flow);
	}
	return dropped;
}

/*
 * Stop the ingress, which brings packets, before the lanes, which process them. Then wait for
 * wake-ups that are under way, and free the memory last.
 */
void falcon_datapath_free(void)
{
	unsigned int dropped;

	falcon_review_stop();
	dropped = falcon_ingress_stop();
	falcon_lanes_stop();

	/* The device notifier waits for this under RTNL: wait for no packet and no softirq here. */
	falcon_flow_table_hold();
	dropped += drop_flows() + falcon_ingress_drop();
	if (dropped)
		pr_warn("%u packets that were still in lanes are dropped\n", dropped);
	falcon_flow_table_free();
	falcon_flow_table_release();

	/*
	 * Whoever held the table may have woken a lane or a gate. The IPIs of these wake-ups: first
	 * those that have arrived, then those still on their way.
	 */
	kick_all_cpus_sync();
	synchronize_net();
	falcon_ingress_free();
	falcon_lanes_free();
	falcon_gro_bypass_free();
	falcon_dummy_free(dummy);
}
