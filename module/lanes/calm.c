// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/smp.h>

#include "core/plan.h"
#include "host/cpu.h"
#include "lanes/calm.h"
#include "lanes/ladder.h"
#include "policy/policy.h"

void falcon_calm_forget(struct falcon_calm *calm)
{
	calm->window = jiffies - FALCON_LADDER_WINDOW;
	calm->seen = U32_MAX / 2;
	calm->spared = 0;
	calm->unseen = 0;
}

static bool in_window(const struct falcon_calm *calm)
{
	return jiffies - calm->window < FALCON_LADDER_WINDOW;
}

/*
 * How many packets of a window need not be looked at, beside the one by which mice are known: while
 * no more come to this CPU, none of its flows can be an elephant. (A flow's window overlaps at most
 * two of the CPU's, one of which has at least half of its packets.) @before: in the window before
 */
static u32 spare(const struct falcon_plan *plan, u32 before)
{
	bool loaded = falcon_load_above(smp_processor_id());
	u32 limit = falcon_policy_floor(plan->elephant_window, loaded);

	return before < limit && limit > 2 ? limit - 2 : 0;
}

void falcon_calm_see(struct falcon_calm *calm, const struct falcon_plan *plan)
{
	if (!plan->resting || plan->priority_auto || plan->watches_all)
		return;
	if (!in_window(calm)) {
		calm->spared = spare(plan, calm->seen + calm->spared - calm->unseen);
		calm->unseen = calm->spared;
		calm->window = jiffies;
		calm->seen = 0;
	}
	calm->seen++;
}

bool falcon_calm_has_enough(struct falcon_calm *calm)
{
	if (!calm->unseen || !in_window(calm))
		return false;
	calm->unseen--;
	return true;
}
