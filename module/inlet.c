// SPDX-License-Identifier: GPL-2.0

#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "inlet.h"

static const struct rhashtable_params params = {
	.key_len = sizeof_field(struct falcon_inlet, key),
	.key_offset = offsetof(struct falcon_inlet, key),
	.head_offset = offsetof(struct falcon_inlet, node),
	.automatic_shrinking = true,
};

/* Written under RTNL, read under RCU. */
static struct rhashtable inlets;

int falcon_inlets_init(void)
{
	return rhashtable_init(&inlets, &params);
}

void falcon_inlets_exit(void)
{
	rhashtable_destroy(&inlets);
}

static struct falcon_inlet *make(const struct falcon_inlet_key *key)
{
	struct falcon_inlet *inlet = kzalloc(sizeof(*inlet), GFP_KERNEL);

	if (!inlet)
		return NULL;
	inlet->key = *key;
	INIT_LIST_HEAD(&inlet->tunnels);
	if (!rhashtable_insert_fast(&inlets, &inlet->node, params))
		return inlet;
	kfree(inlet);
	return NULL;
}

struct falcon_inlet *falcon_inlet_join(const struct falcon_inlet_key *key,
				       struct list_head *tunnel)
{
	struct falcon_inlet *inlet = rhashtable_lookup_fast(&inlets, key, params) ?: make(key);

	if (inlet)
		list_add_rcu(tunnel, &inlet->tunnels);
	return inlet;
}

void falcon_inlet_leave(struct falcon_inlet *inlet, struct list_head *tunnel)
{
	list_del_rcu(tunnel);
	if (!list_empty(&inlet->tunnels))
		return;
	rhashtable_remove_fast(&inlets, &inlet->node, params);
	kfree_rcu(inlet, rcu);
}

const struct falcon_inlet *falcon_inlet_find(const struct falcon_inlet_key *key)
{
	return rhashtable_lookup(&inlets, key, params);
}
