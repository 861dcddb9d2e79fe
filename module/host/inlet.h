/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnels that take the same packets: in one namespace, in one encapsulation, of one network.
 * All GRE tunnels of a namespace do, so there may be many, and none costs the others anything when
 * it comes or goes.
 */

#ifndef _FALCON_INLET_H
#define _FALCON_INLET_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>

#include "flow/packet.h"

struct net;
struct net_device;

/* What a tunnel takes: from the NICs of this namespace, in this encapsulation. */
struct falcon_inlet_key {
	const struct net	*net;		/* compared, never followed */
	u32			vni;		/* or FALCON_NO_VNI for any */
	struct falcon_encap	encap;
};

struct falcon_inlet {
	struct rhash_head	node;
	struct falcon_inlet_key	key;
	struct list_head	tunnels;	/* falcon_device's same_inlet; read under RCU */
	/* Of them, those that see UDP; written under RTNL, read under RCU. */
	unsigned int		seeing;
	u32			said;		/* what they said last, and in which jiffy */
	struct rcu_head		rcu;
};

/* Context: process, may sleep. Return: 0 or an error. */
int falcon_inlets_init(void);

/* Context: process, may sleep; nobody has an inlet any more. */
void falcon_inlets_exit(void);

/**
 * falcon_inlet_join() - a tunnel comes
 * @key: what it takes
 * @tunnel: put into the inlet's list
 *
 * Context: RTNL. Return: the inlet, or NULL without memory.
 */
struct falcon_inlet *falcon_inlet_join(const struct falcon_inlet_key *key,
				       struct list_head *tunnel);

/* The tunnel goes; the inlet as well when it was the last. Context: RTNL. */
void falcon_inlet_leave(struct falcon_inlet *inlet, struct list_head *tunnel);

/**
 * falcon_inlet_find() - the inlet of packets
 * @nic: that they arrive on
 * @encap: what they are wrapped in
 * @vni: their network, or FALCON_NO_VNI
 *
 * Context: RCU read section. Return: the inlet, or NULL.
 */
struct falcon_inlet *falcon_inlet_find(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni);

/**
 * falcon_inlet_recall() - what the tunnels have said in this jiffy
 * @inlet: the inlet
 * @now: jiffies
 * @limit: result, enum falcon_limit
 *
 * There may be thousands of tunnels, and each fresh flow's first packet asks. Of jiffies 28 bits
 * are compared: after days without a question, for one jiffy, the answer may be as old.
 *
 * Context: RCU read section. Return: whether they were asked.
 */
bool falcon_inlet_recall(const struct falcon_inlet *inlet, u32 now, u8 *limit);

/* They have said it. @now: jiffies before they were asked. Context: RCU read section. */
void falcon_inlet_note(struct falcon_inlet *inlet, u32 now, u8 limit);

#endif /* _FALCON_INLET_H */
