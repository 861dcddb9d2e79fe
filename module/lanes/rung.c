// SPDX-License-Identifier: GPL-2.0

#include "lanes/rung.h"

/* After which a flow with priority leaves, which no rate makes leave. */
#define PRIORITY_IDLE (10 * HZ)

bool falcon_rung_stays_home(const struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	return elephant->priority.rule &&
	       (elephant->priority.sync || elephant->rate < plan->elephant_rate);
}

bool falcon_rung_is_slow(const struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	if (elephant->priority.rule)
		return time_after(jiffies, elephant->used + PRIORITY_IDLE);
	return elephant->rate < falcon_policy_floor(plan->elephant_rate, elephant->relieves);
}

bool falcon_rung_is_unwanted(const struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	return !plan || plan->mode != FALCON_MODE_LANES ||
	       (elephant->priority.rule ? !plan->ahead : plan->hold) ||
	       (elephant->host && !plan->host);
}

enum falcon_limit falcon_rung_limit(const struct falcon_elephant *elephant)
{
	if (!elephant->trial.over || elephant->placement.spread.count == 1 ||
	    falcon_rung_is_merged(elephant))
		return FALCON_LIMIT_NONE;
	return falcon_trial_merges(&elephant->trial) ? FALCON_LIMIT_WATCHED : FALCON_LIMIT_NO_MERGE;
}

enum falcon_rung falcon_rung_of(const struct falcon_elephant *elephant)
{
	switch (elephant->gate) {
	case FALCON_GATE_UP:
		return FALCON_RUNG_GATED;
	case FALCON_GATE_DOWN:
		return FALCON_RUNG_LEAVING;
	default:
		return elephant->placement.home ? FALCON_RUNG_INLINE :
		       !elephant->trial.over ? FALCON_RUNG_TRIAL :
		       elephant->several ? FALCON_RUNG_SEVERAL : FALCON_RUNG_ONE;
	}
}
