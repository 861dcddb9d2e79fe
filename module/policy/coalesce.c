// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>
#include <linux/math64.h>

#include "policy/coalesce.h"

#define CREDIT_MAX 8
#define CREDIT_NEW 2	/* for a new try */
#define RETRY	   64	/* wake-ups until the next try */

/* Learn from a wait that has ended: what it saved, and how fast runs came. */
static void learn(struct falcon_coalescing *moderation, u64 waited, unsigned int runs)
{
	u32 gap = div_u64(waited, runs);

	moderation->gap = moderation->gap ? (3 * (u64)moderation->gap + gap) / 4 : gap;
	if (runs >= 2 && moderation->credit < CREDIT_MAX)
		moderation->credit++;
	else if (runs == 1 && moderation->credit)
		moderation->credit--;
}

u32 falcon_coalesce(struct falcon_coalescing *moderation, u64 now, unsigned int runs, u32 most)
{
	bool waited = moderation->waits;
	u64 since = moderation->since;

	moderation->waits = false;
	if (!runs || !most)
		return 0;
	if (waited)
		learn(moderation, now - since, runs);
	if (!moderation->credit) {
		if (++moderation->refused < RETRY)
			return 0;
		moderation->refused = 0;
		moderation->credit = CREDIT_NEW;
		moderation->gap = 0;
	}
	moderation->waits = true;
	moderation->since = now;
	return moderation->gap && moderation->gap < most / 2 ? 2 * moderation->gap : most;
}
