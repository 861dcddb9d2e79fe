/* SPDX-License-Identifier: GPL-2.0 */
/* The underlay of a network namespace: its NICs, and what their packets may come to. */

#ifndef _FALCON_UNDERLAY_H
#define _FALCON_UNDERLAY_H

#include <linux/list.h>
#include <linux/types.h>

struct falcon_device;
struct net;

/*
 * What a network namespace has: its NICs' packets come to the tunnels whose socket is in it,
 * wherever their device is, and to no others. Under RTNL, but for what RCU is said of.
 */
struct falcon_underlay {
	unsigned int		nics;
	struct list_head	tunnels;
	struct list_head	bridges;	/* read under RCU */
};

/* Each network namespace gets an underlay. Context: process, may sleep. Return: 0 or an error. */
int falcon_underlays_init(void);

/* Context: process, may sleep; no device has an underlay any more. */
void falcon_underlays_exit(void);

/* The underlay of a namespace. Context: RTNL, or RCU read section. */
struct falcon_underlay *falcon_underlay_of(const struct net *net);

/**
 * falcon_underlay_join() - a NIC, a tunnel or a bridge comes
 * @device: its entry, which has its underlay
 *
 * A NIC needs a new plan although the plan does not name it: whoever remembers a NIC's address
 * tells by the plan's number that the address may be another NIC's.
 *
 * Context: RTNL. Return: whether a new plan is needed: for a NIC, or for other tunnels.
 */
bool falcon_underlay_join(struct falcon_device *device);

/* The device goes. Context: RTNL. Return: likewise. */
bool falcon_underlay_leave(struct falcon_device *device);

#endif /* _FALCON_UNDERLAY_H */
