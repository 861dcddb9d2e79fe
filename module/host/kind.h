/* SPDX-License-Identifier: GPL-2.0 */
/* Kinds of device, by the name that `ip link add type` knows, and how falcon treats each. */

#ifndef _FALCON_KIND_H
#define _FALCON_KIND_H

#include <linux/types.h>

struct falcon_tunnel_group_key;
struct net_device;

/* A kind of device. */
struct falcon_kind {
	const char	*name;
	u8		stage;		/* enum falcon_stage */
	bool		origin;		/* packets that leave it came through a tunnel */
	u8		encap;		/* enum falcon_encap_kind */
	u16		port_attribute;	/* IFLA_ of its UDP destination port, or 0 */
	u16		vni_attribute;	/* IFLA_ of its virtual network */
	u16		any_attribute;	/* IFLA_ of a flag: it takes every network */
};

/* The kind of a device; NULL if overlay packets do not pass such devices. Context: RTNL. */
const struct falcon_kind *falcon_kind_of(const struct net_device *dev);

/**
 * falcon_kind_find_way() - find out which packets a tunnel takes
 * @dev: the tunnel
 * @kind: its kind
 * @way: result
 *
 * Context: RTNL, may sleep.
 */
void falcon_kind_find_way(const struct net_device *dev, const struct falcon_kind *kind,
			  struct falcon_tunnel_group_key *way);

#endif /* _FALCON_KIND_H */
