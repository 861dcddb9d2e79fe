/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices on an overlay packet's way, in every network namespace, and the stage that
 * each of them ends.
 */

#ifndef _FALCON_DEVICE_H
#define _FALCON_DEVICE_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <uapi/linux/falcon.h>

#include "packet.h"
#include "rule.h"

/* A kind of device and what falcon makes of it. */
struct falcon_kind {
	const char	*name;
	u8		stage;		/* enum falcon_stage */
	bool		origin;		/* what leaves it came through a tunnel */
	bool		geneve;
	bool		gre;
	bool		ip_in_ip;
	u16		port_attribute;	/* IFLA_ of its UDP destination port, 0 for none */
};

struct falcon_device {
	struct hlist_node		node;
	/*
	 * Compared, and followed only under RTNL: no reference is held. The entry goes
	 * with NETDEV_UNREGISTER, before the device does.
	 */
	struct net_device		*dev;
	const struct falcon_kind	*kind;
	u32				salt;		/* makes the hash one of flow and device */
	u16				port;		/* UDP destination port, 0 for none */
	bool				merges_udp;	/* its GRO merges UDP, so it must see it */
	int				ifindex;
	u64				netns;		/* inode number of the namespace */
	struct rcu_head			rcu;
};

/* What all devices together mean for the packet path. */
struct falcon_device_sum {
	struct falcon_tunnels	tunnels;
	bool			merges_udp;
	unsigned int		count;
};

/**
 * falcon_devices_init() - find all devices and follow them
 * @changed: called under RTNL when the sum of them may have changed
 *
 * Context: process, may sleep. Return: 0 or an error.
 */
int falcon_devices_init(void (*changed)(void));

/* Forget all devices. Context: process, may sleep; no packet path may run any more. */
void falcon_devices_exit(void);

/* Whether it is of a driver of virtual devices, such as a tunnel, and so no NIC. Context: any. */
static inline bool falcon_device_is_virtual(const struct net_device *dev)
{
	return dev->rtnl_link_ops;
}

/* The entry of a device, or NULL. Context: RCU read section. */
const struct falcon_device *falcon_device_find(const struct net_device *dev);

/* The other end of a veth or netkit; NULL for other devices. Context: RCU read section. */
struct net_device *falcon_device_peer(struct net_device *dev);

/**
 * falcon_device_has_waiting() - whether what a device transmitted waits in a ring of its peer's
 * @dev: the device
 * @taken: result, when its peer receives by NAPI, as a veth with XDP or GRO does: packets that the
 *	peer's polls have taken from there so far
 *
 * Context: softirq. Return: whether the peer is to be polled.
 */
bool falcon_device_has_waiting(struct net_device *dev, u64 *taken);

/**
 * falcon_device_place() - a container, by a device of the initial network namespace
 * @name: of the device: the host's end of a pair, or the container's own
 * @place: result: what packets that it leads to the container come to
 *
 * Context: process. Return: 0; -ENODEV, no such device; -EINVAL, one that leads to none.
 */
int falcon_device_place(const char *name, struct falcon_place *place);

/*
 * What stands for a network namespace and never for a later one, by its inode number; 0 when there
 * is none of that. Context: process.
 */
u64 falcon_device_netns(u64 inum);

/**
 * falcon_device_name() - the present name of a device
 * @ifindex: its index
 * @netns: inode number of its network namespace
 * @name: result, IFNAMSIZ bytes
 *
 * Context: process. Return: false when there is no such device any more.
 */
bool falcon_device_name(int ifindex, u64 netns, char *name);

/* Sum over all devices. Context: process. */
void falcon_devices_sum(struct falcon_device_sum *sum);

/*
 * Whether RPS or RFS is set on a NIC or a tunnel, or GRO is told to keep packets there, so
 * that packets on stock's path may be on other CPUs. Context: BH.
 */
bool falcon_devices_have_rps(void);

/* Whether it was so a jiffy ago at most: to be asked for each packet. Context: BH. */
bool falcon_devices_had_rps(void);

/* Whether RPS or RFS is set on a device. Context: BH. */
bool falcon_device_has_rps(const struct net_device *dev);

/* Whether a device queues what it is to transmit. Context: BH. */
bool falcon_device_has_queue(const struct net_device *dev, const struct sk_buff *skb);

/**
 * falcon_devices_walk() - call a function for each device, in no particular order
 * @skip: entries to pass over
 * @call: returns non-zero to stop; dev may be followed
 * @data: for @call
 *
 * Context: process; takes RTNL.
 * Return: entries that @call took.
 */
unsigned int falcon_devices_walk(unsigned int skip,
				 int (*call)(const struct falcon_device *device, void *data),
				 void *data);

#endif /* _FALCON_DEVICE_H */
