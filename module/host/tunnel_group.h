/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnels that take the same packets: in one namespace, in one encapsulation, of one network.
 * All GRE tunnels of a namespace do, so there may be many, and none costs the others anything when
 * it comes or goes.
 */

#ifndef _FALCON_TUNNEL_GROUP_H
#define _FALCON_TUNNEL_GROUP_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>

#include "flow/packet.h"

struct net;
struct net_device;

/* What a tunnel takes: from the NICs of this namespace, in this encapsulation. */
struct falcon_tunnel_group_key {
	const struct net	*net;		/* compared, never followed */
	u32			vni;		/* or FALCON_NO_VNI for any */
	struct falcon_encap	encap;
};

struct falcon_tunnel_group {
	struct rhash_head	node;
	struct falcon_tunnel_group_key	key;
	struct list_head	tunnels;	/* falcon_device's same_inlet; read under RCU */
	/* Of them, those that see UDP; written under RTNL, read under RCU. */
	unsigned int		seeing;
	u32			said;		/* what they said last, and in which jiffy */
	struct rcu_head		rcu;
};

/* Context: process, may sleep. Return: 0 or an error. */
int falcon_tunnel_groups_init(void);

/* Context: process, may sleep; nobody has an inlet any more. */
void falcon_tunnel_groups_exit(void);

/**
 * falcon_tunnel_group_join() - a tunnel comes
 * @key: what it takes
 * @tunnel: put into the inlet's list
 *
 * Context: RTNL. Return: the inlet, or NULL without memory.
 */
struct falcon_tunnel_group *falcon_tunnel_group_join(const struct falcon_tunnel_group_key *key,
						     struct list_head *tunnel);

/* The tunnel goes; the inlet as well when it was the last. Context: RTNL. */
void falcon_tunnel_group_leave(struct falcon_tunnel_group *group, struct list_head *tunnel);

/**
 * falcon_tunnel_group_find() - the inlet of packets
 * @nic: that they arrive on
 * @encap: what they are wrapped in
 * @vni: their network, or FALCON_NO_VNI
 *
 * Context: RCU read section. Return: the inlet, or NULL.
 */
struct falcon_tunnel_group *falcon_tunnel_group_find(const struct net_device *nic,
						     const struct falcon_encap *encap, u32 vni);

/**
 * falcon_tunnel_group_recall() - what the tunnels have said in this jiffy
 * @inlet: the inlet
 * @now: jiffies
 * @limit: result, enum falcon_reason
 *
 * There may be thousands of tunnels, and each fresh flow's first packet asks. Of jiffies 28 bits
 * are compared: after days without a question, for one jiffy, the answer may be as old.
 *
 * Context: RCU read section. Return: whether they were asked.
 */
bool falcon_tunnel_group_recall(const struct falcon_tunnel_group *group, u32 now, u8 *reason);

/* They have said it. @now: jiffies before they were asked. Context: RCU read section. */
void falcon_tunnel_group_note(struct falcon_tunnel_group *group, u32 now, u8 reason);

#endif /* _FALCON_TUNNEL_GROUP_H */
