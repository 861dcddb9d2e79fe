/* SPDX-License-Identifier: GPL-2.0 */
/* The underlay of a network namespace: its NICs, and the devices that their packets may reach. */

#ifndef _FALCON_UNDERLAY_H
#define _FALCON_UNDERLAY_H

#include <linux/list.h>
#include <linux/types.h>

struct falcon_device;
struct net;

/*
 * Packets of a namespace's NICs reach the tunnels whose socket is in that namespace, wherever the
 * tunnel's device is, and no others. Written under RTNL, and read under RTNL unless a member says
 * otherwise.
 */
struct falcon_underlay {
	unsigned int		nics;
	struct list_head	tunnels;
	struct list_head	bridges;	/* read under RCU */
};

/* Give each network namespace an underlay. Context: process, may sleep. Return: 0 or an error. */
int falcon_underlays_init(void);

/* Context: process, may sleep. No device has an underlay any more. */
void falcon_underlays_exit(void);

/* The underlay of a namespace. Context: RTNL, or RCU read section. */
struct falcon_underlay *falcon_underlay_of(const struct net *net);

/**
 * falcon_underlay_join() - a NIC, a tunnel or a bridge comes
 * @device: its entry, with its underlay
 *
 * A NIC needs a new plan although the plan does not name it. Code that remembers a NIC's address
 * also remembers the plan's number: under another number the address may be another NIC's.
 *
 * Context: RTNL. Return: true if a new plan is needed: for a NIC, or because the tunnels have
 * changed.
 */
bool falcon_underlay_join(struct falcon_device *device);

/* The device goes. Context: RTNL. Return: as above. */
bool falcon_underlay_leave(struct falcon_device *device);

#endif /* _FALCON_UNDERLAY_H */
