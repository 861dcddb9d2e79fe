/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the devices on an overlay packet's way, in every network namespace. The notifier
 * fills it.
 */

#ifndef _FALCON_DEVICE_H
#define _FALCON_DEVICE_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <net/net_namespace.h>
#include <uapi/linux/falcon.h>

#include "core/index.h"
#include "host/kind.h"
#include "host/tunnel_group.h"

struct falcon_underlay;

struct falcon_device {
	struct rhash_head		by_dev, by_index;
	struct list_head		same_group;	/* tunnels */
	struct falcon_tunnel_group	*group;		/* of a tunnel, until it goes */
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
	struct falcon_tunnel_group_key	way;		/* of tunnels */
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

/* All of them, the newest last. Written under RTNL, read under RCU. */
extern struct list_head falcon_devices;

/* Context: process, may sleep. Return: 0 or an error. */
int falcon_device_tables_init(void);

/* Context: process, may sleep; all devices have left the table. */
void falcon_device_tables_exit(void);

/**
 * falcon_device_insert() - put a device into the table, and a tunnel into its inlet
 * @device: without a table, inlet or list so far
 *
 * Context: RTNL. Return: 0; or an error: readers may have found the device, so free it by RCU.
 */
int falcon_device_insert(struct falcon_device *device);

/* Out of the table; a tunnel stays in its inlet. Context: RTNL. */
void falcon_device_extract(struct falcon_device *device);

/* The entry of a device, or NULL. Context: RCU read section. */
const struct falcon_device *falcon_device_find(const struct net_device *dev);

/* The same for the notifier, the only writer. Context: RTNL. */
struct falcon_device *falcon_device_find_rtnl(const struct net_device *dev);

/* Whether a device is a NIC. Context: any. */
static inline bool falcon_device_is_nic(const struct falcon_device *device)
{
	return device->kind->stage == FALCON_STAGE_NIC;
}

/* Whether a tunnel's socket is in the initial network namespace. Context: any. */
static inline bool falcon_device_is_initial(const struct falcon_device *tunnel)
{
	return net_eq(tunnel->way.net, &init_net);
}

/**
 * falcon_device_container() - a container, by a device of the initial network namespace
 * @name: of the device: the host's end of a pair, or the container's own
 * @netns: result: cookie of the namespace in which packets come to the container
 * @ifindex: result: of its device there
 *
 * Context: process. Return: 0; -ENODEV, no such device; -EINVAL, one that leads to none.
 */
int falcon_device_container(const char *name, u64 *netns, u32 *ifindex);

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
