/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnels that NICs' packets can come to, as the packet path needs to know them: the UDP ports
 * that they listen on, and whether there are any of the other kinds.
 */

#ifndef _FALCON_TUNNELS_H
#define _FALCON_TUNNELS_H

#include <linux/types.h>

#include "flow/packet.h"

/* What to look into, and since when (jiffies) falcon looks into each. */
struct falcon_tunnel_sum {
	struct falcon_tunnels	tunnels;
	unsigned long		port_since[FALCON_TUNNEL_PORTS];
	unsigned long		gre_since, ip_in_ip_since;
	unsigned long		changed;	/* since when what is none of them is none */
	u16			left_out;	/* a port that has no room in the table, or 0 */
};

/**
 * falcon_tunnels_count() - a tunnel comes or goes
 * @encap: what it takes
 * @initial: whether it takes that in the initial network namespace
 * @count: 1, or -1 for one that was counted
 *
 * Context: process, RTNL. Return: whether it is counted.
 */
bool falcon_tunnels_count(const struct falcon_encap *encap, bool initial, int count);

/**
 * falcon_tunnels_sum_up() - put what was counted into effect
 * @initial: whether it was about tunnels of the initial network namespace
 *
 * Its ports have their place in the table first, then those of other namespaces that have a NIC.
 *
 * Context: process, RTNL. Return: whether the tunnels are others now.
 */
bool falcon_tunnels_sum_up(bool initial);

/* The tunnels. Context: process. */
void falcon_tunnels_get(struct falcon_tunnel_sum *copy);

#endif /* _FALCON_TUNNELS_H */
