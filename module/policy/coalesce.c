// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>
#include <linux/math64.h>

#include "policy/coalesce.h"

#define CREDIT_MAX 8
#define CREDIT_NEW 2	/* for a new try */
#define RETRY	   64	/* wake-ups until the next try */

/* Learn from a wait that has ended: what it saved, and how fast runs came. */
static void learn(struct falcon_coalescing *coalescing, u64 waited, unsigned int runs)
{
	u32 gap = div_u64(waited, runs);

	coalescing->gap = coalescing->gap ? (3 * (u64)coalescing->gap + gap) / 4 : gap;
	if (runs >= 2 && coalescing->credit < CREDIT_MAX)
		coalescing->credit++;
	else if (runs == 1 && coalescing->credit)
		coalescing->credit--;
}

u32 falcon_coalesce(struct falcon_coalescing *coalescing, u64 now, unsigned int runs, u32 most)
{
	bool waited = coalescing->waits;
	u64 since = coalescing->since;

	coalescing->waits = false;
	if (!runs || !most)
		return 0;
	if (waited)
		learn(coalescing, now - since, runs);
	if (!coalescing->credit) {
		if (++coalescing->refused < RETRY)
			return 0;
		coalescing->refused = 0;
		coalescing->credit = CREDIT_NEW;
		coalescing->gap = 0;
	}
	coalescing->waits = true;
	coalescing->since = now;
	return coalescing->gap && coalescing->gap < most / 2 ? 2 * coalescing->gap : most;
}
