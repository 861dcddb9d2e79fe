/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's packets before they have a worker. A CPU that brings packets posts them to the flow's
 * inbox, without a lock. The holder of the flow's lock empties the inbox into @waiting, and gives
 * waiting packets to workers, before it gives the lock back.
 */

#ifndef _FALCON_HANDOVER_H
#define _FALCON_HANDOVER_H

#include "lanes/flow.h"

/* Move packets from the inbox to @waiting, as far as the budget allows. Context: under the lock. */
void falcon_handover_empty(struct falcon_flow *flow, const struct falcon_plan *plan);

/**
 * falcon_handover_push() - give waiting packets to workers, as far as the reorder ring has room
 * @flow: the flow
 * @batch: packets of a micro-flow
 * @here: true if this CPU may process a run
 *
 * A run that finishes makes room, and its worker calls this function again.
 *
 * Context: softirq, under the lock.
 * Return: a run that this CPU must process at once, or NULL.
 */
struct falcon_run *falcon_handover_push(struct falcon_flow *flow, u32 batch, bool here);

/* Empty the inbox, push, give the lock back and wake lanes. Context: softirq, under the lock. */
void falcon_handover_done(struct falcon_flow *flow, const struct falcon_plan *plan)
	__releases(&flow->lock);

/*
 * Lock a flow from outside the packet path, and empty its inbox. Keep the lock for a moment only:
 * the CPUs that bring and process packets need it. Context: process, with a reference.
 */
void falcon_handover_lock(struct falcon_flow *flow) __acquires(&flow->lock);
void falcon_handover_unlock(struct falcon_flow *flow) __releases(&flow->lock);

/*
 * Drop all packets of a flow that nobody uses any more, and give the caller's reference back.
 * Context: process. Return: packets dropped.
 */
unsigned int falcon_handover_drop(struct falcon_flow *flow);

#endif /* _FALCON_HANDOVER_H */
