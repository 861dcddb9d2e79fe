/* SPDX-License-Identifier: GPL-2.0 */
/* What a device is asked for that need be none of falcon's table. */

#ifndef _FALCON_NETDEV_H
#define _FALCON_NETDEV_H

#include <linux/netdevice.h>

/* Whether it is of a driver of virtual devices, such as a tunnel, and so no NIC. Context: any. */
static inline bool falcon_device_is_virtual(const struct net_device *dev)
{
	return dev->rtnl_link_ops;
}

/* The other end of a veth or netkit; NULL for other devices. Context: RCU read section. */
struct net_device *falcon_device_peer(struct net_device *dev);

/*
 * Whether the peer of a device is to be polled, as it receives by NAPI, which a veth with XDP or
 * GRO does: otherwise nothing that the device has transmitted is in a ring. Context: softirq.
 */
bool falcon_device_is_polled(struct net_device *dev);

/*
 * Whether what is transmitted to a container's device comes to it in segments, as to a veth with
 * XDP in its driver. Context: softirq.
 */
bool falcon_device_takes_apart(struct net_device *dev);

/*
 * Packets that the peer of a device has received so far. It takes longer the more CPUs and queues
 * there are. Context: softirq.
 */
u64 falcon_device_taken(struct net_device *dev);

/*
 * Whether something at the ingress of a device, or of one that gets its packets, may put packets
 * aside, such as tc, which redirects them to a device with a queue. Context: BH.
 */
bool falcon_device_diverts(struct net_device *dev);

/* Whether a device queues what it is to transmit. Context: BH. */
bool falcon_device_has_queue(const struct net_device *dev, const struct sk_buff *skb);

/* Whether it queues some of that, and whether nothing waits. Context: BH. */
bool falcon_device_has_queues(const struct net_device *dev);
bool falcon_device_queues_empty(const struct net_device *dev);

/*
 * What stands for a network namespace and never for a later one, by its inode number; 0 when there
 * is none of that. Context: process.
 */
u64 falcon_device_netns(u64 inum);

#endif /* _FALCON_NETDEV_H */
