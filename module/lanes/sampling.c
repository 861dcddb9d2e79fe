// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/smp.h>

#include "core/plan.h"
#include "host/cpu.h"
#include "lanes/promote.h"
#include "lanes/sampling.h"
#include "policy/policy.h"

void falcon_sampling_forget(struct falcon_sampling *sampling)
{
	sampling->window = jiffies - FALCON_PROMOTE_WINDOW;
	sampling->seen = U32_MAX / 2;
	sampling->spared = 0;
	sampling->unseen = 0;
}

static bool in_window(const struct falcon_sampling *sampling)
{
	return jiffies - sampling->window < FALCON_PROMOTE_WINDOW;
}

/*
 * The number of packets that may be skipped in a window. Falcon looks at one more, to know the
 * mice. While this CPU receives no more than all these, none of its flows can be an elephant: a
 * flow's window overlaps at most two of the CPU's, and one of the two has at least half of the
 * flow's packets.
 * @before: packets in the window before
 */
static u32 spare(const struct falcon_plan *plan, u32 before)
{
	bool loaded = falcon_load_above(smp_processor_id());
	u32 limit = falcon_policy_floor(plan->elephant_window, loaded);

	return before < limit && limit > 2 ? limit - 2 : 0;
}

void falcon_sampling_see(struct falcon_sampling *sampling, const struct falcon_plan *plan)
{
	if (!plan->parked || plan->priority_auto || plan->watches_all)
		return;
	if (!in_window(sampling)) {
		sampling->spared = spare(plan,
					 sampling->seen + sampling->spared - sampling->unseen);
		sampling->unseen = sampling->spared;
		sampling->window = jiffies;
		sampling->seen = 0;
	}
	sampling->seen++;
}

bool falcon_sampling_has_enough(struct falcon_sampling *sampling)
{
	if (!sampling->unseen || !in_window(sampling))
		return false;
	sampling->unseen--;
	return true;
}
