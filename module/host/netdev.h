/* SPDX-License-Identifier: GPL-2.0 */
/* Questions to a device that need no entry in falcon's table. */

#ifndef _FALCON_NETDEV_H
#define _FALCON_NETDEV_H

#include <linux/netdevice.h>

/* True if a device has a virtual driver, as a tunnel has, and so is no NIC. Context: any. */
static inline bool falcon_device_is_virtual(const struct net_device *dev)
{
	return dev->rtnl_link_ops;
}

/* The other end of a veth or netkit; NULL for other devices. Context: RCU read section. */
struct net_device *falcon_device_peer(struct net_device *dev);

/*
 * True if the peer of a device receives by NAPI, as a veth with XDP or GRO does, and is scheduled.
 * Otherwise no packet that the device has transmitted is in a ring. Context: softirq.
 */
bool falcon_device_is_polled(struct net_device *dev);

/*
 * True if the kernel segments packets before they reach a container's device, such as a veth with
 * XDP in its driver. Context: softirq.
 */
bool falcon_device_takes_apart(struct net_device *dev);

/*
 * Packets that the peer of a device has received so far. The cost grows with the number of CPUs and
 * queues. Context: softirq.
 */
u64 falcon_device_taken(struct net_device *dev);

/*
 * True if the ingress of a device, or of a device above it, may put packets aside. tc may, as it
 * can redirect packets to a device with a queue. Context: BH.
 */
bool falcon_device_diverts(struct net_device *dev);

/* True if a device queues this packet before it transmits it. Context: BH. */
bool falcon_device_has_queue(const struct net_device *dev, const struct sk_buff *skb);

/* True if a device has such a queue; true if none of its queues holds a packet. Context: BH. */
bool falcon_device_has_queues(const struct net_device *dev);
bool falcon_device_queues_empty(const struct net_device *dev);

/*
 * The cookie of a network namespace, which no later namespace has, by its inode number; 0 if there
 * is no such namespace. Context: process.
 */
u64 falcon_device_netns(u64 inum);

#endif /* _FALCON_NETDEV_H */
