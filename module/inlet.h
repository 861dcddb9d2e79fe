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

#include "packet.h"

struct net;

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
	unsigned int		seeing;		/* of them, those that see UDP; under RTNL */
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

/* The inlet of such packets, or NULL. Context: RCU read section. */
const struct falcon_inlet *falcon_inlet_find(const struct falcon_inlet_key *key);

#endif /* _FALCON_INLET_H */
