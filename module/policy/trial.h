/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a flow's packets may be processed on another CPU than the NIC's: that rests on their
 * coming to a merge point, where they are put in order again. On their way may be a queue that
 * falcon does not know (a device to which tc redirects, a bandwidth limit), and what leaves such a
 * queue goes on wherever it was dequeued. So a flow's first runs are processed on the NIC's CPU,
 * where stock has them, too: it may have others when these have come to a merge point.
 *
 * Pure: compiled into the unit tests as it is.
 */

#ifndef _FALCON_TRIAL_H
#define _FALCON_TRIAL_H

#include <linux/types.h>

/* Runs in a row that tell. */
#define FALCON_TRIAL_RUNS 8

/* All members 0 when it begins. */
struct falcon_trial {
	u8	hits;		/* runs in a row that came to a merge point, as far as they count */
	u8	misses;		/* likewise, that did not */
	bool	over;		/* the flow has its workers */
};

enum falcon_verdict {
	FALCON_VERDICT_NONE,	/* as before */
	FALCON_VERDICT_WORKERS,	/* the trial is over */
	FALCON_VERDICT_KERNEL,	/* the flow is to leave */
};

/**
 * falcon_trial_see() - a run has ended
 * @trial: the flow's
 * @came: whether all of it came to a merge point
 * @drained: whether nothing is left in a backlog of those before that did not
 * @ends_here: whether the flow ends on the host itself, with no queue on its way: it has no merge
 *	point, and is in order on one CPU
 */
enum falcon_verdict falcon_trial_see(struct falcon_trial *trial, bool came, bool drained,
				     bool ends_here);

/* Whether so many runs came to a merge point that the flow's runs may be anywhere. */
static inline bool falcon_trial_merges(const struct falcon_trial *trial)
{
	return trial->over && trial->hits == FALCON_TRIAL_RUNS;
}

#endif /* _FALCON_TRIAL_H */
