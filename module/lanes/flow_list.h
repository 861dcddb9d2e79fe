/* SPDX-License-Identifier: GPL-2.0 */
/* The list of flows that are in lanes, or have been and may have packets: who has a reference. */

#ifndef _FALCON_FLOW_LIST_H
#define _FALCON_FLOW_LIST_H

#include "lanes/flow.h"

/*
 * The flow that a pointer leads to, with a reference; NULL when there is none, or it is another
 * flow's by now. Context: BH, or process.
 */
static inline struct falcon_flow *
falcon_flow_get(struct falcon_flow __rcu *const *at, u32 hash)
{
	struct falcon_flow *flow;

	rcu_read_lock();
	flow = rcu_dereference(*at);
	if (flow && (flow->hash != hash || !refcount_inc_not_zero(&flow->refs)))
		flow = NULL;
	rcu_read_unlock();
	return flow;
}

/* A flow that goes up. Its reference is the caller's. Context: BH. */
void falcon_flow_list_add(struct falcon_flow *flow);

/*
 * It has come down: it counts no more, and stays in the list as long as there is a reference.
 * Context: BH.
 */
void falcon_flow_list_leave(struct falcon_flow *flow);

/* Give a reference back. Context: BH. */
void falcon_flow_put(struct falcon_flow *flow);

/**
 * falcon_flow_list_next() - a walk over all flows that have been in lanes, and may have packets
 * @elephant: the flow before, whose reference is given back; NULL to begin
 *
 * No lock is held between two flows. Context: process. Return: the flow, with a reference, or NULL.
 */
struct falcon_flow *falcon_flow_list_next(struct falcon_flow *flow);

#endif /* _FALCON_FLOW_LIST_H */
