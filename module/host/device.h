/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the devices that overlay packets pass, in every network namespace. The notifier
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
	struct list_head		same_group;	/* of a tunnel, in its group */
	struct falcon_tunnel_group	*group;		/* of a tunnel, until the tunnel goes */
	struct list_head		node;		/* in falcon_devices */
	/*
	 * Compared by address. Follow it only under RTNL, or under RCU while the entry is in the
	 * table: falcon holds no reference. NETDEV_UNREGISTER takes the entry out before the device
	 * goes.
	 */
	struct net_device		*dev;
	const struct falcon_kind	*kind;
	struct falcon_underlay		*underlay;	/* set for NICs, bridges and tunnels */
	struct list_head		beside;		/* in a list of the underlay */
	struct falcon_tunnel_group_key	way;		/* of a tunnel: the packets that it takes */
	bool				counted;	/* NICs' packets can reach it */
	struct falcon_index		index;
	u32				salt;		/* mixed into the hash of a flow */
	/*
	 * Both of a tunnel, and written under RTNL. merges_udp: its GRO merges UDP, or has done
	 * so since falcon was enabled. through_cell: it sees UDP (udp_gro.h); packets read it, too.
	 */
	bool				merges_udp;
	bool				through_cell;
	/* Of a NIC that has gone: a reference until falcon has no packet from it any more. */
	struct list_head		gone_node;
	netdevice_tracker		tracker;
	struct rcu_head			rcu;
};

/* All devices, the newest last. Written under RTNL, read under RCU. */
extern struct list_head falcon_devices;

/* Context: process, may sleep. Return: 0 or an error. */
int falcon_device_tables_init(void);

/* Context: process, may sleep. The table is empty. */
void falcon_device_tables_exit(void);

/**
 * falcon_device_insert() - put a device into the table, and a tunnel into its group
 * @device: an entry that is in no table, group or list
 *
 * Context: RTNL. Return: 0 or an error. Free the entry by RCU after an error: readers may have
 * found it.
 */
int falcon_device_insert(struct falcon_device *device);

/* Take a device out of the table; a tunnel stays in its group. Context: RTNL. */
void falcon_device_extract(struct falcon_device *device);

/* The entry of a device, or NULL. Context: RCU read section. */
const struct falcon_device *falcon_device_find(const struct net_device *dev);

/* The same for writers. Context: RTNL. */
struct falcon_device *falcon_device_find_rtnl(const struct net_device *dev);

/* True if a device is a NIC. Context: any. */
static inline bool falcon_device_is_nic(const struct falcon_device *device)
{
	return device->kind->stage == FALCON_STAGE_NIC;
}

/* True if a tunnel's socket is in the initial network namespace. Context: any. */
static inline bool falcon_device_is_initial(const struct falcon_device *tunnel)
{
	return net_eq(tunnel->way.net, &init_net);
}

/**
 * falcon_device_container() - find a container by a device of the initial network namespace
 * @name: name of the device, which is the host's end of a pair or the container's own device
 * @netns: result: cookie of the container's network namespace
 * @ifindex: result: index of the container's device there
 *
 * Context: process. Return: 0; -ENODEV if there is no such device; -EINVAL if it leads to no
 * container.
 */
int falcon_device_container(const char *name, u64 *netns, u32 *ifindex);

/**
 * falcon_device_name() - the current name of a device
 * @ifindex: its index
 * @netns: inode number of its network namespace
 * @name: result, IFNAMSIZ bytes
 *
 * Context: process. Return: true if the device still exists.
 */
bool falcon_device_name(int ifindex, u64 netns, char *name);

/* Number of devices, and of NICs among them. Context: any. */
unsigned int falcon_devices_count(void);
unsigned int falcon_devices_nics(void);

/*
 * A number that changes whenever an entry comes or goes. A caller that reads the same number twice
 * has seen the same entries in between. Never 0. Context: any.
 */
u32 falcon_devices_number(void);

/*
 * Packets that have been received by all tunnels that NICs' packets can reach, as these devices
 * count them. Context: process.
 */
u64 falcon_devices_received(void);

/**
 * falcon_devices_walk() - call a function for each device, in no particular order
 * @skip: number of entries to pass over
 * @call: called in an RCU read section, may follow dev; returns non-zero to stop
 * @data: for @call
 *
 * Context: process.
 * Return: number of entries that @call took.
 */
unsigned int falcon_devices_walk(unsigned int skip,
				 int (*call)(const struct falcon_device *device, void *data),
				 void *data);

#endif /* _FALCON_DEVICE_H */
