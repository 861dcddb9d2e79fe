/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was brought for a flow and has no worker yet: the inbox, which takes no lock, what waits,
 * and how that goes to workers. Who has the lock of the flow sees to it before giving it back.
 */

#ifndef _FALCON_INBOX_H
#define _FALCON_INBOX_H

#include "lanes/flow.h"

/* Put packets into the inbox. Context: softirq, without the lock. */
void falcon_inbox_post(struct falcon_flow *flow, struct falcon_chain *packets);

/* What is in the inbox waits from now on. Context: under the lock. */
void falcon_inbox_empty(struct falcon_flow *flow, const struct falcon_plan *plan);

/**
 * falcon_inbox_push() - what waits goes to workers, as far as the ring has room
 * @elephant: the flow
 * @batch: packets of a micro-flow
 * @here: this CPU may do some of it
 *
 * What finishes makes room and comes here again. Context: softirq, under the lock.
 * Return: a run that is to be processed on this CPU, at once; or NULL.
 */
struct falcon_run *falcon_inbox_push(struct falcon_flow *flow, u32 batch, bool here);

/* Give the lock back, having seen to the inbox. Context: softirq, under the lock. */
void falcon_inbox_done(struct falcon_flow *flow, const struct falcon_plan *plan)
	__releases(&flow->lock);

/*
 * Look into a flow from outside; its inbox is empty then. For a moment: who brings packets, and the
 * workers, need the lock. Context: process, with a reference.
 */
void falcon_inbox_lock(struct falcon_flow *flow) __acquires(&flow->lock);
void falcon_inbox_unlock(struct falcon_flow *flow) __releases(&flow->lock);

/*
 * Drop all that a flow has, which nobody uses any more, and give the caller's reference back.
 * Context: process. Return: packets.
 */
unsigned int falcon_inbox_drop(struct falcon_flow *flow);

#endif /* _FALCON_INBOX_H */
