/* SPDX-License-Identifier: GPL-2.0 */
/*
 * While hooks are parked, most packets of a CPU need not be looked at: the CPU receives so few that
 * none of its flows can be an elephant. Only the CPU touches its sampling, with BH off.
 */

#ifndef _FALCON_SAMPLING_H
#define _FALCON_SAMPLING_H

#include <linux/types.h>

struct falcon_plan;

struct falcon_sampling {
	unsigned long		window;		/* jiffies when it began */
	u32			seen;		/* packets of it that were looked at */
	u32			unseen;		/* packets that may still be skipped */
	u32			spared;		/* @unseen when the window began */
};

/*
 * Look at every packet of the next window, a plan's first: a flow may have been promoted before
 * hooks were parked.
 */
void falcon_sampling_forget(struct falcon_sampling *sampling);

/* Count a packet that is looked at. */
void falcon_sampling_see(struct falcon_sampling *sampling, const struct falcon_plan *plan);

/* True if this packet may be skipped; it is counted then. */
bool falcon_sampling_has_enough(struct falcon_sampling *sampling);

#endif /* _FALCON_SAMPLING_H */
