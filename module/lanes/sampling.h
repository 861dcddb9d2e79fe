/* SPDX-License-Identifier: GPL-2.0 */
/*
 * While hooks are parked: how many packets of a CPU need not be looked at, since none of its flows
 * can be an elephant. Touched by its CPU with BH off.
 */

#ifndef _FALCON_SAMPLING_H
#define _FALCON_SAMPLING_H

#include <linux/types.h>

struct falcon_plan;

struct falcon_sampling {
	unsigned long		window;		/* jiffies of its begin */
	u32			seen;		/* packets in it that were looked at */
	u32			unseen;		/* how many more need not be */
	u32			spared;		/* how many those were at its begin */
};

/*
 * A flow may have gone into lanes before hooks are parked: the first window of a plan is seen
 * whole.
 */
void falcon_sampling_forget(struct falcon_sampling *sampling);

/* A packet is looked at. */
void falcon_sampling_see(struct falcon_sampling *sampling, const struct falcon_plan *plan);

/* Whether of this window enough was seen; then it is one fewer. */
bool falcon_sampling_has_enough(struct falcon_sampling *sampling);

#endif /* _FALCON_SAMPLING_H */
