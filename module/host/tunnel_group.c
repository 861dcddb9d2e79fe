// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <uapi/linux/falcon.h>

#include "host/tunnel_group.h"

static const struct rhashtable_params params = {
	.key_len = sizeof_field(struct falcon_tunnel_group, key),
	.key_offset = offsetof(struct falcon_tunnel_group, key),
	.head_offset = offsetof(struct falcon_tunnel_group, node),
	.automatic_shrinking = true,
};

/* Written under RTNL, read under RCU. */
static struct rhashtable groups;

/* The lowest bits of `said` are the reason, the others are the jiffy of the answer. */
#define REASON_BITS 4
#define REASON_MASK ((1 << REASON_BITS) - 1)

int falcon_tunnel_groups_init(void)
{
	return rhashtable_init(&groups, &params);
}

void falcon_tunnel_groups_exit(void)
{
	rhashtable_destroy(&groups);
}

static struct falcon_tunnel_group *make(const struct falcon_tunnel_group_key *key)
{
	struct falcon_tunnel_group *group = kzalloc(sizeof(*group), GFP_KERNEL);

	if (!group)
		return NULL;
	group->key = *key;
	group->said = (u32)(jiffies - 1) << REASON_BITS;
	INIT_LIST_HEAD(&group->tunnels);
	if (!rhashtable_insert_fast(&groups, &group->node, params))
		return group;
	kfree(group);
	return NULL;
}

struct falcon_tunnel_group *falcon_tunnel_group_join(const struct falcon_tunnel_group_key *key,
						     struct list_head *tunnel)
{
	struct falcon_tunnel_group *group = rhashtable_lookup_fast(&groups, key,
								   params) ?: make(key);

	if (group)
		list_add_rcu(tunnel, &group->tunnels);
	return group;
}

void falcon_tunnel_group_leave(struct falcon_tunnel_group *group, struct list_head *tunnel)
{
	list_del_rcu(tunnel);
	if (!list_empty(&group->tunnels))
		return;
	rhashtable_remove_fast(&groups, &group->node, params);
	kfree_rcu(group, rcu);
}

struct falcon_tunnel_group *falcon_tunnel_group_find(const struct net_device *nic,
						     const struct falcon_encap *encap, u32 vni)
{
	const struct falcon_tunnel_group_key key = {
		.net = dev_net(nic), .vni = vni, .encap = *encap
	};

	return rhashtable_lookup(&groups, &key, params);
}

bool falcon_tunnel_group_recall(const struct falcon_tunnel_group *group, u32 now, u8 *reason)
{
	u32 said = READ_ONCE(group->said);

	*reason = said & REASON_MASK;
	return said >> REASON_BITS == now << REASON_BITS >> REASON_BITS;
}

void falcon_tunnel_group_note(struct falcon_tunnel_group *group, u32 now, u8 reason)
{
	BUILD_BUG_ON(FALCON_REASON_MAX > REASON_MASK);
	WRITE_ONCE(group->said, now << REASON_BITS | reason);
}
