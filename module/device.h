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
#include <linux/rhashtable-types.h>
#include <uapi/linux/falcon.h>

#include "index.h"
#include "inlet.h"
#include "packet.h"

/* A kind of device and what falcon makes of it. */
struct falcon_kind {
	const char	*name;
	u8		stage;		/* enum falcon_stage */
	bool		origin;		/* what leaves it came through a tunnel */
	u8		encap;		/* enum falcon_encap_kind */
	u16		port_attribute;	/* IFLA_ of its UDP destination port, 0 for none, */
	u16		vni_attribute;	/* of its network, */
	u16		any_attribute;	/* and that it takes every network */
};

struct falcon_host_ops;
struct falcon_underlay;

struct falcon_device {
	struct rhash_head		by_dev, by_index;
	struct list_head		same_inlet;	/* tunnels */
	struct falcon_inlet		*inlet;		/* of a tunnel, until it goes */
	struct list_head		node;		/* of all */
	/*
	 * Compared, and followed only under RTNL, or under RCU as long as it is found: no reference
	 * is held while it is in the table, which it leaves with NETDEV_UNREGISTER, before the
	 * device goes.
	 */
	struct net_device		*dev;
	const struct falcon_kind	*kind;
	struct falcon_underlay		*underlay;	/* of NICs, bridges and tunnels, or NULL */
	struct list_head		beside;		/* others of the underlay */
	struct falcon_inlet_key		way;		/* of tunnels */
	bool				counted;	/* a NIC's packets can come to it */
	struct falcon_index		index;
	u32				salt;		/* makes the hash one of flow and device */
	/* Its GRO merges UDP, or has since falcon was enabled; under RTNL. So it sees it: */
	bool				merges_udp;
	bool				through_cell;
	/* A NIC that has gone, with a reference until all packets from there are forgotten. */
	struct list_head		gone_node;
	netdevice_tracker		tracker;
	struct rcu_head			rcu;
};

/**
 * falcon_devices_init() - find all devices and follow them
 * @ops: whom to tell
 *
 * Context: process, may sleep. Return: 0 or an error.
 */
int falcon_devices_init(const struct falcon_host_ops *ops);

/* Follow them no more: nobody is told of their end. Context: process, may sleep. */
void falcon_devices_stop(void);

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

/**
 * falcon_device_container() - a container, by a device of the initial network namespace
 * @name: of the device: the host's end of a pair, or the container's own
 * @netns: result: cookie of the namespace in which packets come to the container
 * @ifindex: result: of its device there
 *
 * Context: process. Return: 0; -ENODEV, no such device; -EINVAL, one that leads to none.
 */
int falcon_device_container(const char *name, u64 *netns, u32 *ifindex);

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

/* How many devices there are, and how many of them are NICs. Context: any. */
unsigned int falcon_devices_count(void);
unsigned int falcon_devices_nics(void);

/*
 * Another number when an entry may have come or gone: who has found the same one twice has seen the
 * same entries between. Never 0. Context: any.
 */
u32 falcon_devices_number(void);

/* What tunnels that NICs' packets can come to have received, by their devices. Context: process. */
u64 falcon_devices_received(void);

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

/**
 * falcon_devices_limit() - why a flow may not leave stock's path
 * @nic: that it arrives on
 * @encap: what it is wrapped in
 * @vni: its network
 *
 * By the devices of its own way alone, on which stock may have packets of it on other CPUs: the
 * NIC, the bridges beside it, the tunnels that it may be for, and what those belong to.
 *
 * Context: BH. Return: FALCON_LIMIT_NONE: it may.
 */
enum falcon_limit falcon_devices_limit(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni);

/*
 * The same by the tunnels alone, and what they belong to, as of this jiffy: for who goes past all
 * queues, and so may be told that late. Context: BH.
 */
enum falcon_limit falcon_tunnels_limit(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni);

/* Whether the kernel would ask RPS or RFS which CPU is to have a packet. Context: BH. */
bool falcon_packet_has_rps(const struct sk_buff *skb);

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

/**
 * falcon_devices_walk() - call a function for each device, in no particular order
 * @skip: entries to pass over
 * @call: returns non-zero to stop; dev may be followed; in an RCU read section
 * @data: for @call
 *
 * Context: process.
 * Return: entries that @call took.
 */
unsigned int falcon_devices_walk(unsigned int skip,
				 int (*call)(const struct falcon_device *device, void *data),
				 void *data);

#endif /* _FALCON_DEVICE_H */
