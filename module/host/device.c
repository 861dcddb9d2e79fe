// SPDX-License-Identifier: GPL-2.0

#include <linux/hash.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

#include "host/device.h"
#include "host/netdev.h"

static u32 hash_of_dev(const void *dev, u32 len, u32 seed)
{
	return hash_long((unsigned long)*(const struct net_device *const *)dev ^ seed, 32);
}

/*
 * Packets ask, and the key is one pointer: memcmp() would cost as much as the rest of the lookup.
 */
static int is_other_dev(struct rhashtable_compare_arg *arg, const void *device)
{
	return ((const struct falcon_device *)device)->dev !=
	       *(const struct net_device *const *)arg->key;
}

static const struct rhashtable_params by_dev_params = {
	.key_len = sizeof_field(struct falcon_device, dev),
	.key_offset = offsetof(struct falcon_device, dev),
	.head_offset = offsetof(struct falcon_device, by_dev),
	.hashfn = hash_of_dev,
	.obj_cmpfn = is_other_dev,
	.automatic_shrinking = true,
};

static const struct rhashtable_params by_index_params = {
	.key_len = sizeof_field(struct falcon_device, index),
	.key_offset = offsetof(struct falcon_device, index),
	.head_offset = offsetof(struct falcon_device, by_index),
	.automatic_shrinking = true,
};

/* Written under RTNL, read under RCU. */
static struct rhashtable by_dev, by_index;

LIST_HEAD(falcon_devices);
static unsigned int device_count, nic_count;	/* written under RTNL */

/* Changes before and after an entry comes or goes. Odd, so never 0. Written under RTNL. */
static u32 number = 1;

const struct falcon_device *falcon_device_find(const struct net_device *dev)
{
	/*
	 * The caller keeps the entry alive, if only by having BH off. The _fast variant takes
	 * rcu_read_lock(), which the table's lockdep checks ask for by name.
	 */
	return rhashtable_lookup_fast(&by_dev, &dev, by_dev_params);
}

int falcon_device_container(const char *name, u64 *netns, u32 *ifindex)
{
	const struct falcon_device *device;
	struct net_device *dev;
	int err = -ENODEV;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(&init_net, name);
	if (dev) {
		device = falcon_device_find(dev);
		err = device && device->kind->stage == FALCON_STAGE_CONTAINER ? 0 : -EINVAL;
	}
	if (!err) {
		dev = falcon_device_peer(dev) ?: dev;
		*netns = dev_net(dev)->net_cookie;
		*ifindex = dev->ifindex;
	}
	rcu_read_unlock();
	return err;
}

bool falcon_device_name(int ifindex, u64 netns, char *name)
{
	const struct falcon_index index = { .netns = netns, .ifindex = ifindex };
	const struct falcon_device *device;

	/* The device outlives its entry by an RCU grace period. */
	rcu_read_lock();
	device = rhashtable_lookup(&by_index, &index, by_index_params);
	if (device)
		strscpy(name, device->dev->name, IFNAMSIZ);
	rcu_read_unlock();
	return device;
}

struct falcon_device *falcon_device_find_rtnl(const struct net_device *dev)
{
	ASSERT_RTNL();
	return rhashtable_lookup_fast(&by_dev, &dev, by_dev_params);
}

static void change_number(void)
{
	smp_store_release(&number, number + 2);	/* pairs with falcon_devices_number() */
}

u32 falcon_devices_number(void)
{
	return smp_load_acquire(&number);	/* pairs with change_number() */
}

unsigned int falcon_devices_count(void)
{
	return READ_ONCE(device_count);
}

unsigned int falcon_devices_nics(void)
{
	return READ_ONCE(nic_count);
}

u64 falcon_devices_received(void)
{
	const struct falcon_device *device;
	struct rtnl_link_stats64 stats;
	u64 received = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(device, &falcon_devices, node)
		/*
		 * Unregistering changes reg_state and waits for a grace period before it frees
		 * statistics.
		 */
		if (READ_ONCE(device->counted) &&
		    data_race(device->dev->reg_state == NETREG_REGISTERED))
			received += dev_get_stats(device->dev, &stats)->rx_packets;
	rcu_read_unlock();
	return received;
}

int falcon_device_insert(struct falcon_device *device)
{
	int err;

	err = rhashtable_insert_fast(&by_index, &device->by_index, by_index_params);
	if (err)
		return err;
	if (device->kind->origin) {
		err = -ENOMEM;
		device->group = falcon_tunnel_group_join(&device->way, &device->same_group);
		if (!device->group)
			goto index;
	}
	err = rhashtable_insert_fast(&by_dev, &device->by_dev, by_dev_params);
	if (err)
		goto group;
	change_number();
	list_add_tail_rcu(&device->node, &falcon_devices);
	change_number();
	WRITE_ONCE(device_count, device_count + 1);
	WRITE_ONCE(nic_count, nic_count + falcon_device_is_nic(device));
	return 0;

group:
	if (device->group)
		falcon_tunnel_group_leave(device->group, &device->same_group);
index:
	rhashtable_remove_fast(&by_index, &device->by_index, by_index_params);
	return err;
}

void falcon_device_extract(struct falcon_device *device)
{
	change_number();
	list_del_rcu(&device->node);
	change_number();
	WRITE_ONCE(device_count, device_count - 1);
	WRITE_ONCE(nic_count, nic_count - falcon_device_is_nic(device));
	rhashtable_remove_fast(&by_dev, &device->by_dev, by_dev_params);
	rhashtable_remove_fast(&by_index, &device->by_index, by_index_params);
}

unsigned int falcon_devices_walk(unsigned int skip,
				 int (*call)(const struct falcon_device *device, void *data),
				 void *data)
{
	const struct falcon_device *device;
	unsigned int seen = 0, taken = 0;

	/* RCU, as others may hold RTNL for seconds. */
	rcu_read_lock();
	list_for_each_entry_rcu(device, &falcon_devices, node) {
		if (seen++ < skip)
			continue;
		if (call(device, data))
			break;
		taken++;
	}
	rcu_read_unlock();
	return taken;
}

int falcon_device_tables_init(void)
{
	int err;

	err = rhashtable_init(&by_dev, &by_dev_params);
	if (err)
		return err;
	err = rhashtable_init(&by_index, &by_index_params);
	if (err)
		rhashtable_destroy(&by_dev);
	return err;
}

void falcon_device_tables_exit(void)
{
	rhashtable_destroy(&by_index);
	rhashtable_destroy(&by_dev);
}
