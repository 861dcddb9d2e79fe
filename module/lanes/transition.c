// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>

#include "core/stats.h"
#include "lanes/gate.h"
#include "lanes/transition.h"

void falcon_transition_count(struct falcon_flow *flow, unsigned int counter)
{
	flow->transitions++;
	falcon_count(FALCON_STAGE_NIC, counter);
}

bool falcon_transition_follow(struct falcon_flow *flow, const struct falcon_plan *plan)
{
	flow->generation = plan->generation;
	falcon_affinity_stay_home(&flow->affinity, falcon_flow_stays_home(flow, plan));
	if (!falcon_affinity_follow(&flow->affinity, plan, flow->home))
		return false;
	flow->turn %= flow->affinity.spread.count;
	return true;
}

static bool is_drained(const struct falcon_flow *flow)
{
	return falcon_reorder_empty(&flow->reorder) && !flow->ready.count &&
	       flow->delivery_state == FALCON_DELIVERY_IDLE;
}

void falcon_transition_release(struct falcon_flow *flow)
{
	if (flow->admission != FALCON_ADMISSION_CLOSED || flow->releasing || !is_drained(flow))
		return;
	flow->releasing = true;
	falcon_gate_release(flow->home, flow);
}

/* A gated flow goes on waiting for its gate: the kernel's queues may still have packets of it. */
void falcon_transition_demote(struct falcon_flow *flow, enum falcon_reason reason)
{
	if (flow->leaving)
		return;
	flow->leaving = true;
	flow->left = jiffies;
	flow->reason = reason;
	falcon_transition_count(flow, FALCON_A_COUNTERS_DEMOTIONS);
	if (flow->admission == FALCON_ADMISSION_OPEN)
		flow->admission = FALCON_ADMISSION_CLOSED;
	falcon_transition_release(flow);
}

void falcon_transition_rotate(struct falcon_flow *flow)
{
	bool several = flow->affinity.spread.count > 1 && falcon_flow_is_merged(flow);

	if (flow->leaving)
		return;
	flow->reason = falcon_flow_reason(flow);
	if (several == flow->several)
		return;
	flow->several = several;
	falcon_transition_count(flow, several ? FALCON_A_COUNTERS_PROMOTIONS :
						FALCON_A_COUNTERS_DEMOTIONS);
}

void falcon_transition_adapt(struct falcon_flow *flow, const struct falcon_plan *plan, u16 home)
{
	flow->home = home;
	if (falcon_flow_is_unwanted(flow, plan))
		falcon_transition_demote(flow, FALCON_REASON_STANDBY);
	else if (flow->rate_packets && falcon_flow_is_slow(flow, plan))
		falcon_transition_demote(flow, FALCON_REASON_RATE);
	else if (!falcon_transition_follow(flow, plan))
		falcon_transition_demote(flow, FALCON_REASON_NO_CPU);
	else
		falcon_transition_rotate(flow);
}
