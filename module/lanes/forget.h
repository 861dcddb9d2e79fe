/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices that go: packets in lanes that refer to one are dropped, as the kernel does with those in
 * the backlogs.
 */

#ifndef _FALCON_FORGET_H
#define _FALCON_FORGET_H

struct falcon_device;
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

#endif /* _FALCON_FORGET_H */
