/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decides whether a flow's packets may be processed on other CPUs than the NIC's. They may if they
 * come to a merge point, where they are put in order again. But there may be a queue on their path
 * that falcon does not know: a device to which tc redirects, or a bandwidth limit. A packet that
 * leaves such a queue goes on wherever it was dequeued. So a flow's first runs are processed on the
 * NIC's CPU, as the kernel does. Once enough of them have come to a merge point, the flow may have
 * other CPUs.
 *
 * Pure: compiled into the unit tests as it is.
 */

#ifndef _FALCON_TRIAL_H
#define _FALCON_TRIAL_H

#include <linux/types.h>

/* Runs in a row that decide. */
#define FALCON_TRIAL_RUNS 8

/* All members are 0 at first. */
struct falcon_trial {
	u8	hits;		/* runs in a row that came to a merge point; saturates */
	u8	misses;		/* likewise, that did not */
	bool	over;		/* the flow has its workers */
};

enum falcon_verdict {
	FALCON_VERDICT_NONE,	/* no change */
	FALCON_VERDICT_WORKERS,	/* the trial is over */
	FALCON_VERDICT_KERNEL,	/* the flow must go back to the kernel's path */
};

/**
 * falcon_trial_see() - note the end of a run
 * @trial: the flow's
 * @came: true if all packets of the run came to a merge point
 * @drained: true if no packet of earlier runs that did not come there is left in a backlog
 * @ends_here: true if the flow ends on the host itself, with no queue on its path: it has no merge
 *	point, and is in order on one CPU
 */
enum falcon_verdict falcon_trial_see(struct falcon_trial *trial, bool came, bool drained,
				     bool ends_here);

/* True if enough runs came to a merge point: the flow's runs may be processed anywhere. */
static inline bool falcon_trial_merges(const struct falcon_trial *trial)
{
	return trial->over && trial->hits == FALCON_TRIAL_RUNS;
}

#endif /* _FALCON_TRIAL_H */
