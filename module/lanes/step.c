// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>

#include "core/stats.h"
#include "lanes/doorbell.h"
#include "lanes/step.h"

void falcon_step_count(struct falcon_elephant *elephant, unsigned int counter)
{
	elephant->steps++;
	falcon_count(FALCON_STAGE_NIC, counter);
}

bool falcon_step_follow(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	elephant->generation = plan->generation;
	falcon_placement_stay_home(&elephant->placement, falcon_rung_stays_home(elephant, plan));
	if (!falcon_placement_follow(&elephant->placement, plan, elephant->home))
		return false;
	elephant->turn %= elephant->placement.spread.count;
	return true;
}

static bool is_drained(const struct falcon_elephant *elephant)
{
	return falcon_merge_empty(&elephant->merge) && !elephant->ready.count &&
	       elephant->delivery_state == FALCON_DELIVERY_IDLE;
}

void falcon_step_release(struct falcon_elephant *elephant)
{
	if (elephant->gate != FALCON_GATE_DOWN || elephant->releasing || !is_drained(elephant))
		return;
	elephant->releasing = true;
	falcon_doorbell_release(elephant->home, elephant);
}

/* Before its gate is open the flow goes on waiting: stock's queues may have packets of it. */
void falcon_step_leave(struct falcon_elephant *elephant, enum falcon_limit limit)
{
	if (elephant->leaving)
		return;
	elephant->leaving = true;
	elephant->left = jiffies;
	elephant->limit = limit;
	falcon_step_count(elephant, FALCON_A_COUNTERS_DESCENTS);
	if (elephant->gate == FALCON_GATE_OPEN)
		elephant->gate = FALCON_GATE_DOWN;
	falcon_step_release(elephant);
}

void falcon_step_rotate(struct falcon_elephant *elephant)
{
	bool several = elephant->placement.spread.count > 1 && falcon_rung_is_merged(elephant);

	if (elephant->leaving)
		return;
	elephant->limit = falcon_rung_limit(elephant);
	if (several == elephant->several)
		return;
	elephant->several = several;
	falcon_step_count(elephant,
			  several ? FALCON_A_COUNTERS_CLIMBS : FALCON_A_COUNTERS_DESCENTS);
}

void falcon_step_adapt(struct falcon_elephant *elephant, const struct falcon_plan *plan, u16 home)
{
	elephant->home = home;
	if (falcon_rung_is_unwanted(elephant, plan))
		falcon_step_leave(elephant, FALCON_LIMIT_STANDBY);
	else if (elephant->rate_packets && falcon_rung_is_slow(elephant, plan))
		falcon_step_leave(elephant, FALCON_LIMIT_RATE);
	else if (!falcon_step_follow(elephant, plan))
		falcon_step_leave(elephant, FALCON_LIMIT_NO_CPU);
	else
		falcon_step_rotate(elephant);
}
