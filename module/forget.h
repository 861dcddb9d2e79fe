/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices that go: packets in lanes that refer to one are dropped, as the kernel does with those in
 * the backlogs.
 */

#ifndef _FALCON_FORGET_H
#define _FALCON_FORGET_H

#include <uapi/linux/falcon.h>

struct falcon_chain;
struct falcon_device;
struct falcon_elephant;
struct net_device;

/*
 * A device goes, of whatever kind: packets that are to be delivered there are dropped; without cost
 * when there are none. Context: NETDEV_UNREGISTER.
 */
void falcon_forget(const struct net_device *dev);

/* A tunnel goes: so are packets from there that wait before a cell's gate. Likewise. */
void falcon_forget_tunnel(const struct net_device *dev);

/**
 * falcon_forget_nic() - a NIC goes: so are packets from there
 * @device: its entry, out of the table; freed later
 *
 * Softirqs have to be waited for. That holds up the device, by a reference, and nobody else.
 *
 * Context: NETDEV_UNREGISTER.
 */
void falcon_forget_nic(struct falcon_device *device);

/* Give all references back. Context: process; no flow is left, no device can go. */
void falcon_forget_exit(void);

/*
 * Drop all that a flow has, which nobody uses any more, and give the caller's reference back.
 * Context: process. Return: packets.
 */
unsigned int falcon_forget_flow(struct falcon_elephant *elephant);

/* Drop packets, which are no flow's any more, and count them. Context: any but hard interrupt. */
void falcon_forget_packets(struct falcon_chain *packets, enum falcon_stage stage);

#endif /* _FALCON_FORGET_H */
