// SPDX-License-Identifier: GPL-2.0

#include "clock.h"
#include "ladder.h"
#include "rung.h"

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

void falcon_rung_show(struct falcon_elephant *elephant, struct falcon_ladder_info *info)
{
	const struct falcon_placement *placement = &elephant->placement;

	falcon_elephant_lock(elephant);
	info->on_lanes = true;
	info->rung = falcon_rung_of(elephant);
	info->limit = elephant->limit;
	info->merge = elephant->way.merge_point;
	info->worker_count = elephant->several ? placement->spread.count : 1;
	if (elephant->several)
		memcpy(info->workers, placement->spread.workers, sizeof(info->workers));
	else if (elephant->trial.over)
		info->workers[0] = placement->spread.workers[elephant->turn];
	else
		info->workers[0] = elephant->home;
	info->delivery = placement->own ? placement->spread.delivery : FALCON_NO_CPU;
	if (!elephant->trial.over || READ_ONCE(elephant->way.by_cpu))
		info->delivery = elephant->home;
	info->app = falcon_placement_app(placement);
	info->packets = elephant->packets;
	info->moves = elephant->steps;
	info->batches = elephant->batch + 1;
	info->in_flight = falcon_elephant_in_flight(elephant);
	info->in_flight_bytes = falcon_elephant_memory(elephant);
	info->held = elephant->merge.held;
	info->idle_ms = falcon_clock_ms(jiffies - elephant->used, HZ);
	falcon_elephant_unlock(elephant);
}
