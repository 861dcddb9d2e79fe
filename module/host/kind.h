/* SPDX-License-Identifier: GPL-2.0 */
/* Kinds of device, by the name that `ip link add type` knows, and what falcon makes of each. */

#ifndef _FALCON_KIND_H
#define _FALCON_KIND_H

#include <linux/types.h>

struct falcon_tunnel_group_key;
struct net_device;

/* A kind of device and what falcon makes of it. */
struct falcon_kind {
	const char	*name;
	u8		stage;		/* enum falcon_stage */
	bool		origin;		/* what leaves it came through a tunnel */
	u8		encap;		/* enum falcon_encap_kind */
	u16		port_attribute;	/* IFLA_ of its UDP destination port, 0 for none, */
	u16		vni_attribute;	/* of its network, */
	u16		any_attribute;	/* and that it takes every network */
};

/* The kind of a device; NULL for one that is not on the way of packets. Context: RTNL. */
const struct falcon_kind *falcon_kind_of(const struct net_device *dev);

/**
 * falcon_kind_find_way() - what a tunnel takes
 * @dev: the tunnel
 * @kind: its kind
 * @way: result
 *
 * Context: RTNL, may sleep.
 */
void falcon_kind_find_way(const struct net_device *dev, const struct falcon_kind *kind,
			  struct falcon_tunnel_group_key *way);

#endif /* _FALCON_KIND_H */
