// SPDX-License-Identifier: GPL-2.0

#include "policy/trial.h"

static void count(struct falcon_trial *trial, bool came)
{
	u8 *more = came ? &trial->hits : &trial->misses;
	u8 *none = came ? &trial->misses : &trial->hits;

	/* Written only when it changes: other CPUs read the cache line. */
	if (*none)
		*none = 0;
	if (*more < FALCON_TRIAL_RUNS)
		++*more;
}

enum falcon_verdict falcon_trial_see(struct falcon_trial *trial, bool came, bool drained,
				     bool ends_here)
{
	count(trial, came);
	/* Too late for patience: a miss means a queue that was not there during the trial. */
	if (trial->over)
		return came || ends_here ? FALCON_VERDICT_NONE : FALCON_VERDICT_KERNEL;
	if (trial->misses == FALCON_TRIAL_RUNS && !ends_here)
		return FALCON_VERDICT_KERNEL;
	trial->over = (trial->hits == FALCON_TRIAL_RUNS && drained) ||
		      trial->misses == FALCON_TRIAL_RUNS;
	return trial->over ? FALCON_VERDICT_WORKERS : FALCON_VERDICT_NONE;
}
