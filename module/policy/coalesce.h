/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decides when a lane without work looks again by itself, instead of being woken for every run.
 * This is like the interrupt coalescing of a NIC, and waits only as far as the traffic makes it
 * worthwhile. Pure functions, compiled into the unit tests as they are.
 */

#ifndef _FALCON_COALESCE_H
#define _FALCON_COALESCE_H

#include <linux/types.h>

/* All members are 0 at first. */
struct falcon_coalescing {
	u64	since;		/* ns: when the wait began */
	u32	gap;		/* ns between runs, a weighted mean; 0: unknown */
	bool	waits;		/* the lane looks by itself, and nobody wakes it */
	u8	credit;		/* what waiting has saved lately */
	u8	refused;	/* wake-ups without waiting since the last try */
};

/**
 * falcon_coalesce() - decide what a lane does that has done all its work
 * @coalescing: the lane's
 * @now: ns
 * @runs: number of runs that it found since it was last woken, or looked by itself
 * @most: ns that it may wait
 *
 * The lane waits as long as two more runs take to come: if it finds two, a wake-up is saved. A flow
 * with one request outstanding never brings two, so the lane soon stops waiting for it.
 *
 * Context: any.
 * Return: ns after which to look again; 0: rest until woken.
 */
u32 falcon_coalesce(struct falcon_coalescing *coalescing, u64 now, unsigned int runs, u32 most);

#endif /* _FALCON_COALESCE_H */
