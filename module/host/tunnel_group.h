/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tunnel group has the tunnels that take the same packets: of one namespace, in one
 * encapsulation, of one virtual network. All GRE tunnels of a namespace share a group, so it may be
 * large. A tunnel that comes or goes costs the others nothing.
 */

#ifndef _FALCON_TUNNEL_GROUP_H
#define _FALCON_TUNNEL_GROUP_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>

#include "flow/packet.h"

struct net;
struct net_device;

/* The packets that a tunnel takes: from the NICs of this namespace, in this encapsulation. */
struct falcon_tunnel_group_key {
	const struct net	*net;		/* compared, never followed */
	u32			vni;		/* or FALCON_NO_VNI for any */
	struct falcon_encap	encap;
};

struct falcon_tunnel_group {
	struct rhash_head	node;
	struct falcon_tunnel_group_key	key;
	struct list_head	tunnels;	/* by falcon_device.same_group; read under RCU */
	/* Number of tunnels that see UDP (udp_gro.h). Written under RTNL, read under RCU. */
	unsigned int		seeing;
	u32			said;		/* the last answer, and its jiffy */
	struct rcu_head		rcu;
};

/* Context: process, may sleep. Return: 0 or an error. */
int falcon_tunnel_groups_init(void);

/* Context: process, may sleep. No tunnel is in a group any more. */
void falcon_tunnel_groups_exit(void);

/**
 * falcon_tunnel_group_join() - a tunnel comes
 * @key: the packets that it takes
 * @tunnel: its link, which is put into the group's list
 *
 * Context: RTNL. Return: the group, or NULL without memory.
 */
struct falcon_tunnel_group *falcon_tunnel_group_join(const struct falcon_tunnel_group_key *key,
						     struct list_head *tunnel);

/* A tunnel goes. The group is freed with its last tunnel. Context: RTNL. */
void falcon_tunnel_group_leave(struct falcon_tunnel_group *group, struct list_head *tunnel);

/**
 * falcon_tunnel_group_find() - the group that takes certain packets
 * @nic: the NIC that they arrive on
 * @encap: their encapsulation
 * @vni: their virtual network, or FALCON_NO_VNI
 *
 * Context: RCU read section. Return: the group, or NULL.
 */
struct falcon_tunnel_group *falcon_tunnel_group_find(const struct net_device *nic,
						     const struct falcon_encap *encap, u32 vni);

/**
 * falcon_tunnel_group_recall() - the answer that a group gave in this jiffy
 * @group: the group
 * @now: jiffies
 * @reason: result, enum falcon_reason; of no meaning when false is returned
 *
 * The first packet of each fresh flow asks, and a group may have thousands of tunnels. Only 28 bits
 * of jiffies are compared: after days without a question, an old answer may be taken for new during
 * one jiffy.
 *
 * Context: RCU read section. Return: true if the group gave an answer.
 */
bool falcon_tunnel_group_recall(const struct falcon_tunnel_group *group, u32 now, u8 *reason);

/*
 * Remember an answer. @now: jiffies, read before the tunnels were asked. Context: RCU read section.
 */
void falcon_tunnel_group_note(struct falcon_tunnel_group *group, u32 now, u8 reason);

#endif /* _FALCON_TUNNEL_GROUP_H */
