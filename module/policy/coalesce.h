/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When a lane that has nothing left to do should look again by itself, instead of being woken
 * for every run: as interrupt moderation of a NIC, and by as much as the traffic is worth. Pure
 * functions, compiled into the unit tests as they are.
 */

#ifndef _FALCON_COALESCE_H
#define _FALCON_COALESCE_H

#include <linux/types.h>

/* Zeroed to begin with. */
struct falcon_coalescing {
	u64	since;		/* ns: when the wait began */
	u32	gap;		/* ns between runs, a weighted mean; 0 is not known */
	bool	waits;		/* the lane looks by itself, and nobody wakes it */
	u8	credit;		/* what waiting has saved lately */
	u8	refused;	/* times that it did not wait since it was last tried */
};

/**
 * falcon_coalesce() - a lane has done all there was
 * @moderation: the lane's
 * @now: ns
 * @runs: how many it found since it was last woken, or looked
 * @most: ns that it may wait
 *
 * It waits for as long as two more runs take to come: should it find two, a wake-up is saved.
 * A flow with one request outstanding never brings two, so it is not kept waiting for long.
 *
 * Context: any.
 * Return: ns after which to look again; 0: rest, and be woken.
 */
u32 falcon_coalesce(struct falcon_coalescing *moderation, u64 now, unsigned int runs, u32 most);

#endif /* _FALCON_COALESCE_H */
