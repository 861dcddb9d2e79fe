// SPDX-License-Identifier: GPL-2.0

#include <linux/rculist.h>
#include <linux/slab.h>

#include "lanes/budget.h"
#include "lanes/flow.h"
#include "lanes/flow_list.h"
#include "lanes/merge_dev.h"

static LIST_HEAD(flows);
static DEFINE_SPINLOCK(flows_lock);	/* BH; for writers of the list and its counts */

/* Context: under flows_lock. */
static void count(const struct falcon_flow *flow, int count)
{
	falcon_budget_add(count, flow->host, flow->ruled);
}

void falcon_flow_list_add(struct falcon_flow *flow)
{
	spin_lock(&flows_lock);
	list_add_tail_rcu(&flow->node, &flows);
	count(flow, 1);
	spin_unlock(&flows_lock);
}

void falcon_flow_list_leave(struct falcon_flow *flow)
{
	spin_lock(&flows_lock);
	count(flow, -1);
	spin_unlock(&flows_lock);
}

void falcon_flow_put(struct falcon_flow *flow)
{
	if (!refcount_dec_and_test(&flow->refs))
		return;
	falcon_merge_dev_set(&flow->merge_dev, NULL);
	/* A flow that was never promoted is in no list. */
	if (!list_empty(&flow->node)) {
		spin_lock(&flows_lock);
		list_del_rcu(&flow->node);
		spin_unlock(&flows_lock);
	}
	kfree_rcu(flow, rcu);
}

struct falcon_flow *falcon_flow_list_next(struct falcon_flow *flow)
{
	struct list_head *node = flow ? &flow->node : &flows;
	struct falcon_flow *next, *found = NULL;

	rcu_read_lock_bh();
	while (!found && (node = rcu_dereference_bh(list_next_rcu(node))) != &flows) {
		next = list_entry(node, struct falcon_flow, node);
		if (refcount_inc_not_zero(&next->refs))
			found = next;
	}
	if (flow)
		falcon_flow_put(flow);
	rcu_read_unlock_bh();
	cond_resched();
	return found;
}
