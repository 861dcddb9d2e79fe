// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <uapi/linux/falcon.h>

#include "host/inlet.h"

static const struct rhashtable_params params = {
	.key_len = sizeof_field(struct falcon_inlet, key),
	.key_offset = offsetof(struct falcon_inlet, key),
	.head_offset = offsetof(struct falcon_inlet, node),
	.automatic_shrinking = true,
};

/* Written under RTNL, read under RCU. */
static struct rhashtable inlets;

/* The lowest bits of `said` are the limit, the others are the jiffy in which it was asked for. */
#define LIMIT_BITS 4
#define LIMIT_MASK ((1 << LIMIT_BITS) - 1)

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
	inlet->said = (u32)(jiffies - 1) << LIMIT_BITS;
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

struct falcon_inlet *falcon_inlet_find(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni)
{
	const struct falcon_inlet_key key = { .net = dev_net(nic), .vni = vni, .encap = *encap };

	return rhashtable_lookup(&inlets, &key, params);
}

bool falcon_inlet_recall(const struct falcon_inlet *inlet, u32 now, u8 *limit)
{
	u32 said = READ_ONCE(inlet->said);

	*limit = said & LIMIT_MASK;
	return said >> LIMIT_BITS == now << LIMIT_BITS >> LIMIT_BITS;
}

void falcon_inlet_note(struct falcon_inlet *inlet, u32 now, u8 limit)
{
	BUILD_BUG_ON(FALCON_LIMIT_MAX > LIMIT_MASK);
	WRITE_ONCE(inlet->said, now << LIMIT_BITS | limit);
}
