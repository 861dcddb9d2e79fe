/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnels whose GRO merges UDP. In mode pipeline UDP goes past a tunnel's GRO cell unless the
 * tunnel is to see it, and that may change only while no packet of it is on its way.
 */

#ifndef _FALCON_UDP_GRO_H
#define _FALCON_UDP_GRO_H

#include <linux/types.h>

struct falcon_device;
struct falcon_encap;
struct falcon_kind;
struct net_device;

/* Whether a device is a tunnel whose GRO merges UDP at this moment. Context: RTNL. */
bool falcon_udp_gro_merges(const struct net_device *dev, const struct falcon_kind *kind);

/**
 * falcon_udp_gro_join() - a tunnel comes
 * @tunnel: in its inlet
 * @has_nic: whether its namespace has a NIC
 *
 * Context: RTNL.
 */
void falcon_udp_gro_join(struct falcon_device *tunnel, bool has_nic);

/* The tunnel goes, perhaps to another namespace; its inlet is there yet. Context: RTNL. */
void falcon_udp_gro_leave(struct falcon_device *tunnel);

/* No device is on its way to another namespace any more. Context: RTNL. */
void falcon_udp_gro_arrived(void);

/* The features of a tunnel have changed. Context: RTNL. */
void falcon_udp_gro_change(struct falcon_device *tunnel);

/*
 * A NIC's packets can come to the tunnel of another namespace from now on, and none of them is on
 * its way yet. (What came to it by another device may be, past the cell.) Context: RTNL.
 */
void falcon_udp_gro_see_at_once(struct falcon_device *tunnel);

/*
 * Whether every tunnel that NICs' packets can come to, and whose GRO merges UDP, is one that is to
 * see it. Context: process, RTNL or not.
 */
bool falcon_devices_merge_as_told(void);

/*
 * Have them see it from now on, those that did before too; or none of them, for @anew, but those
 * that merge it at this moment. Context: process, while no packet goes past a GRO cell.
 */
void falcon_devices_tell_merging(bool anew);

/* Whether some tunnel is to see UDP. Context: any. */
bool falcon_devices_see_udp(void);

/**
 * falcon_devices_see_udp_of() - whether one is that a packet may come to
 * @nic: that it arrives on
 * @encap: what it is wrapped in
 * @vni: its network
 *
 * Context: RCU read section.
 */
bool falcon_devices_see_udp_of(const struct net_device *nic, const struct falcon_encap *encap,
			       u32 vni);

#endif /* _FALCON_UDP_GRO_H */
