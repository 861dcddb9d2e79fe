/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tunnels whose GRO merges UDP. In mode pipeline UDP bypasses a tunnel's GRO cell, unless the
 * tunnel is marked to see UDP. The mark may change only while no packet of the tunnel is under way.
 */

#ifndef _FALCON_UDP_GRO_H
#define _FALCON_UDP_GRO_H

#include <linux/types.h>

struct falcon_device;
struct falcon_encap;
struct falcon_kind;
struct net_device;

/* True if a device is a tunnel whose GRO merges UDP now. Context: RTNL. */
bool falcon_udp_gro_merges(const struct net_device *dev, const struct falcon_kind *kind);

/**
 * falcon_udp_gro_join() - a tunnel comes
 * @tunnel: the tunnel, which is in its group
 * @has_nic: true if its namespace has a NIC
 *
 * Context: RTNL.
 */
void falcon_udp_gro_join(struct falcon_device *tunnel, bool has_nic);

/* A tunnel goes, perhaps to another namespace. It is still in its group. Context: RTNL. */
void falcon_udp_gro_leave(struct falcon_device *tunnel);

/* No device is on its way to another namespace any more. Context: RTNL. */
void falcon_udp_gro_arrived(void);

/* A tunnel's features have changed. Context: RTNL. */
void falcon_udp_gro_change(struct falcon_device *tunnel);

/*
 * NICs' packets can reach a tunnel of another namespace from now on, and none of them is under way
 * yet. (Packets that came to it from another device may be, past the GRO cell.) Context: RTNL.
 */
void falcon_udp_gro_see_at_once(struct falcon_device *tunnel);

/*
 * True if all tunnels of the initial namespace whose GRO merges UDP see UDP. Context: process, with
 * or without RTNL.
 */
bool falcon_devices_merge_as_told(void);

/*
 * Mark the tunnels of the initial namespace whose GRO merges UDP, or did so since the last call
 * with @anew, to see UDP. @anew: only those whose GRO merges UDP now. Context: process, while no
 * packet bypasses a GRO cell.
 */
void falcon_devices_tell_merging(bool anew);

/* True if some tunnel sees UDP. Context: any. */
bool falcon_devices_see_udp(void);

/**
 * falcon_devices_see_udp_of() - check whether a packet may reach a tunnel that sees UDP
 * @nic: the NIC that it arrives on
 * @encap: its encapsulation
 * @vni: its virtual network
 *
 * Context: RCU read section. Return: true if it may.
 */
bool falcon_devices_see_udp_of(const struct net_device *nic, const struct falcon_encap *encap,
			       u32 vni);

#endif /* _FALCON_UDP_GRO_H */
