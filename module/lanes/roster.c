// SPDX-License-Identifier: GPL-2.0

#include <linux/rculist.h>
#include <linux/slab.h>

#include "lanes/census.h"
#include "lanes/outlet.h"
#include "lanes/roster.h"
#include "lanes/rung.h"

static LIST_HEAD(elephants);
static DEFINE_SPINLOCK(elephants_lock);	/* BH; of the list, which is walked under RCU */

/* Under elephants_lock. */
static void count(const struct falcon_elephant *elephant, int count)
{
	falcon_census_add(count, elephant->host, elephant->ruled);
}

void falcon_roster_add(struct falcon_elephant *elephant)
{
	spin_lock(&elephants_lock);
	list_add_tail_rcu(&elephant->node, &elephants);
	count(elephant, 1);
	spin_unlock(&elephants_lock);
}

void falcon_roster_leave(struct falcon_elephant *elephant)
{
	spin_lock(&elephants_lock);
	count(elephant, -1);
	spin_unlock(&elephants_lock);
}

void falcon_roster_put(struct falcon_elephant *elephant)
{
	if (!refcount_dec_and_test(&elephant->refs))
		return;
	falcon_outlet_set(&elephant->outlet, NULL);
	/* One that never went up is in no list. */
	if (!list_empty(&elephant->node)) {
		spin_lock(&elephants_lock);
		list_del_rcu(&elephant->node);
		spin_unlock(&elephants_lock);
	}
	kfree_rcu(elephant, rcu);
}

struct falcon_elephant *falcon_roster_next(struct falcon_elephant *elephant)
{
	struct list_head *node = elephant ? &elephant->node : &elephants;
	struct falcon_elephant *next, *found = NULL;

	rcu_read_lock_bh();
	while (!found && (node = rcu_dereference_bh(list_next_rcu(node))) != &elephants) {
		next = list_entry(node, struct falcon_elephant, node);
		if (refcount_inc_not_zero(&next->refs))
			found = next;
	}
	if (elephant)
		falcon_roster_put(elephant);
	rcu_read_unlock_bh();
	cond_resched();
	return found;
}
