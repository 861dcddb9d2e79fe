/* SPDX-License-Identifier: GPL-2.0 */
/* The list of all flows with a reference: in lanes, or released with packets still to come. */

#ifndef _FALCON_FLOW_LIST_H
#define _FALCON_FLOW_LIST_H

#include "lanes/flow.h"

/*
 * The flow that an entry of the flow table points to, with a reference. NULL if there is none, or
 * if the entry has become another flow's, as @hash tells. Context: BH, or process.
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

/* Add and count a flow that is promoted. The list has no reference of its own. Context: BH. */
void falcon_flow_list_add(struct falcon_flow *flow);

/*
 * Stop counting a flow that was released. It stays in the list until its last reference goes.
 * Context: BH.
 */
void falcon_flow_list_leave(struct falcon_flow *flow);

/* Give a reference back. Context: BH. */
void falcon_flow_put(struct falcon_flow *flow);

/**
 * falcon_flow_list_next() - walk over all flows of the list
 * @flow: the flow before, whose reference is given back; NULL to begin
 *
 * No lock is held between two flows. Context: process. Return: the flow, with a reference, or NULL.
 */
struct falcon_flow *falcon_flow_list_next(struct falcon_flow *flow);

#endif /* _FALCON_FLOW_LIST_H */
