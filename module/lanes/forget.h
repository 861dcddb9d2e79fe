/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Forgets devices that go: drops packets in lanes that refer to them, as the kernel does with those
 * in the backlogs.
 */

#ifndef _FALCON_FORGET_H
#define _FALCON_FORGET_H

struct falcon_device;
struct net_device;

/*
 * Drop packets that wait to be delivered to a device, of any kind. Costs nothing if there are none.
 * Context: NETDEV_UNREGISTER.
 */
void falcon_forget(const struct net_device *dev);

/* Drop packets of a tunnel that wait before a gate of gro_bypass.c. Context: as above. */
void falcon_forget_tunnel(const struct net_device *dev);

/**
 * falcon_forget_nic() - drop packets that came from a NIC
 * @device: its entry, out of the table; freed later
 *
 * A work item does it, since it must wait for softirqs. Meanwhile it holds a reference to the
 * device, which delays the device and nothing else.
 *
 * Context: NETDEV_UNREGISTER.
 */
void falcon_forget_nic(struct falcon_device *device);

/* Give all references back. Context: process; no flow is left, no device can go. */
void falcon_forget_exit(void);

#endif /* _FALCON_FORGET_H */
