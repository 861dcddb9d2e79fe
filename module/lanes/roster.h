/* SPDX-License-Identifier: GPL-2.0 */
/* The list of flows that are in lanes, or have been and may have packets: who has a reference. */

#ifndef _FALCON_ROSTER_H
#define _FALCON_ROSTER_H

#include "lanes/rung.h"

/*
 * The flow that a pointer leads to, with a reference; NULL when there is none, or it is another
 * flow's by now. Context: BH, or process.
 */
static inline struct falcon_elephant *
falcon_roster_get(struct falcon_elephant __rcu *const *at, u32 hash)
{
	struct falcon_elephant *elephant;

	rcu_read_lock();
	elephant = rcu_dereference(*at);
	if (elephant && (elephant->hash != hash || !refcount_inc_not_zero(&elephant->refs)))
		elephant = NULL;
	rcu_read_unlock();
	return elephant;
}

/* A flow that goes up. Its reference is the caller's. Context: BH. */
void falcon_roster_add(struct falcon_elephant *elephant);

/*
 * It has come down: it counts no more, and stays in the list as long as there is a reference.
 * Context: BH.
 */
void falcon_roster_leave(struct falcon_elephant *elephant);

/* Give a reference back. Context: BH. */
void falcon_roster_put(struct falcon_elephant *elephant);

/**
 * falcon_roster_next() - a walk over all flows that have been in lanes, and may have packets
 * @elephant: the flow before, whose reference is given back; NULL to begin
 *
 * No lock is held between two flows. Context: process. Return: the flow, with a reference, or NULL.
 */
struct falcon_elephant *falcon_roster_next(struct falcon_elephant *elephant);

#endif /* _FALCON_ROSTER_H */
