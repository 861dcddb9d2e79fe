/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnels that NICs' packets can reach, as the packet path needs to know them: the UDP ports
 * that they listen on, and whether there are tunnels of the other kinds.
 */

#ifndef _FALCON_TUNNELS_H
#define _FALCON_TUNNELS_H

#include <linux/types.h>

#include "flow/packet.h"

/* The encapsulations to look into, and since when (jiffies) falcon looks into each. */
struct falcon_tunnel_sum {
	struct falcon_tunnels	tunnels;
	unsigned long		port_since[FALCON_TUNNEL_PORTS];
	unsigned long		kind_since[FALCON_ENCAP_KINDS];
	unsigned long		changed;	/* since when the same packets are in no tunnel */
	u16			left_out;	/* a port without room in the table, or 0 */
};

/**
 * falcon_tunnels_count() - count a tunnel that comes or goes
 * @encap: its encapsulation
 * @initial: true if its socket is in the initial network namespace
 * @count: 1; or -1 for a tunnel that was counted
 *
 * Context: process, RTNL. Return: true if the tunnel is counted.
 */
bool falcon_tunnels_count(const struct falcon_encap *encap, bool initial, int count);

/**
 * falcon_tunnels_sum_up() - put the counts into effect
 * @initial: true if a tunnel of the initial network namespace was counted
 *
 * Ports of the initial namespace get their entries in the table first, then ports of other
 * namespaces that have a NIC.
 *
 * Context: process, RTNL. Return: true if the encapsulations to look into have changed.
 */
bool falcon_tunnels_sum_up(bool initial);

/* Copy the sum. Context: process. */
void falcon_tunnels_get(struct falcon_tunnel_sum *copy);

#endif /* _FALCON_TUNNELS_H */
