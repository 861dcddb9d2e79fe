// SPDX-License-Identifier: GPL-2.0

#include "lanes/flow.h"

/* A flow with a rule leaves lanes after so long without a packet; its rate does not matter. */
#define PRIORITY_IDLE (10 * HZ)

bool falcon_flow_stays_home(const struct falcon_flow *flow, const struct falcon_plan *plan)
{
	return flow->priority.rule &&
	       (flow->priority.sync || flow->rate < plan->elephant_rate);
}

bool falcon_flow_is_slow(const struct falcon_flow *flow, const struct falcon_plan *plan)
{
	if (flow->priority.rule)
		return time_after(jiffies, flow->used + PRIORITY_IDLE);
	return flow->rate < falcon_policy_floor(plan->elephant_rate, flow->relieves);
}

bool falcon_flow_is_unwanted(const struct falcon_flow *flow, const struct falcon_plan *plan)
{
	return !plan || plan->mode != FALCON_MODE_LANES ||
	       (flow->priority.rule ? !plan->ahead : plan->standby) ||
	       (flow->host && !plan->host);
}

enum falcon_reason falcon_flow_reason(const struct falcon_flow *flow)
{
	if (!flow->trial.over || flow->affinity.spread.count == 1 ||
	    falcon_flow_is_merged(flow))
		return FALCON_REASON_NONE;
	return falcon_trial_merges(&flow->trial) ? FALCON_REASON_WATCHED : FALCON_REASON_NO_MERGE;
}

enum falcon_flow_state falcon_flow_state_of(const struct falcon_flow *flow)
{
	switch (flow->admission) {
	case FALCON_ADMISSION_GATED:
		return FALCON_FLOW_STATE_GATED;
	case FALCON_ADMISSION_CLOSED:
		return FALCON_FLOW_STATE_LEAVING;
	default:
		return flow->affinity.home ? FALCON_FLOW_STATE_INLINE :
		       !flow->trial.over ? FALCON_FLOW_STATE_TRIAL :
		       flow->several ? FALCON_FLOW_STATE_SEVERAL : FALCON_FLOW_STATE_ONE;
	}
}
