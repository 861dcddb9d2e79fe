// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "core/event.h"
#include "host/device.h"
#include "host/host.h"
#include "host/kind.h"
#include "host/notifier.h"
#include "host/tunnel_group.h"
#include "host/udp_gro.h"
#include "host/underlay.h"

/* Set before the notifier is unregistered, which replays NETDEV_UNREGISTER for every device. */
static bool leaving;

static const struct falcon_host_ops *host;

static void tell(enum falcon_event event, const struct falcon_device *device)
{
	struct falcon_event_msg msg = {
		.event = event,
		.device = &device->index,
		.name = device->dev->name,
		.stage = device->kind->stage,
	};

	falcon_event_send(&msg);
}

static struct falcon_device *make(struct net_device *dev, const struct falcon_kind *kind)
{
	struct falcon_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return NULL;
	device->dev = dev;
	device->kind = kind;
	device->way.net = dev_net(dev);
	if (kind->origin)
		falcon_kind_find_way(dev, kind, &device->way);
	if (kind->stage != FALCON_STAGE_CONTAINER)
		device->underlay = falcon_underlay_of(device->way.net);
	device->merges_udp = falcon_udp_gro_merges(dev, kind);
	device->index.ifindex = dev->ifindex;
	device->index.netns = dev_net(dev)->ns.inum;
	/*
	 * No salt for tunnels: the container's stage finds their flows again by the hash of the
	 * flow alone.
	 */
	device->salt = kind->origin || falcon_device_is_nic(device) ? 0 : get_random_u32();
	return device;
}

static void add(struct net_device *dev)
{
	const struct falcon_kind *kind = falcon_kind_of(dev);
	struct falcon_device *device;

	if (!kind || falcon_device_find_rtnl(dev))
		return;
	device = make(dev, kind);
	if (!device || falcon_device_insert(device)) {
		netdev_warn(dev, "falcon: no memory, flows of this device are not steered\n");
		/* A reader may have found it in one table before the next one had no room. */
		if (device)
			kfree_rcu(device, rcu);
		falcon_udp_gro_arrived();
		return;
	}
	tell(FALCON_EVENT_DEVICE_ADD, device);
	if (device->underlay && falcon_underlay_join(device) && !leaving)
		host->changed();
	falcon_udp_gro_arrived();
	if (!falcon_devices_merge_as_told())
		host->merging_changed();
}

static void del(struct net_device *dev)
{
	struct falcon_device *device = falcon_device_find_rtnl(dev);

	/* falcon may have merged packets for this device, even if it is not in the table. */
	host->device_gone(dev);
	if (!device)
		return;
	falcon_device_extract(device);
	if (device->underlay && falcon_underlay_leave(device) && !leaving)
		host->changed();
	if (device->group)
		falcon_tunnel_group_leave(device->group, &device->same_group);
	if (leaving) {
		kfree_rcu(device, rcu);
		return;
	}
	if (device->kind->origin)
		host->tunnel_gone(dev);
	tell(FALCON_EVENT_DEVICE_DEL, device);
	if (falcon_device_is_nic(device))
		host->nic_gone(device);
	else
		kfree_rcu(device, rcu);
}

static void change(struct net_device *dev)
{
	struct falcon_device *device = falcon_device_find_rtnl(dev);

	if (!device || !device->kind->origin)
		return;
	falcon_udp_gro_change(device);
	if (!falcon_devices_merge_as_told())
		host->merging_changed();
}

static int on_event(struct notifier_block *block, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);

	switch (event) {
	case NETDEV_REGISTER:
		add(dev);
		break;
	case NETDEV_UNREGISTER:
		del(dev);
		break;
	case NETDEV_FEAT_CHANGE:
		change(dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_event,
};

int falcon_devices_init(const struct falcon_host_ops *ops)
{
	int err;

	host = ops;
	err = falcon_device_tables_init();
	if (err)
		return err;
	err = falcon_tunnel_groups_init();
	if (err)
		goto tables;
	err = falcon_underlays_init();
	if (err)
		goto groups;
	/* Replays NETDEV_REGISTER for every device of every namespace. */
	err = register_netdevice_notifier(&notifier);
	if (err)
		goto underlays;
	return 0;

underlays:
	rcu_barrier();	/* as in falcon_devices_exit(): entries may have come */
	falcon_underlays_exit();
groups:
	falcon_tunnel_groups_exit();
tables:
	falcon_device_tables_exit();
	return err;
}

void falcon_devices_stop(void)
{
	leaving = true;
	unregister_netdevice_notifier(&notifier);
}

void falcon_devices_exit(void)
{
	rcu_barrier();	/* entries may still wait in kfree_rcu() */
	falcon_underlays_exit();
	falcon_tunnel_groups_exit();
	falcon_device_tables_exit();
}
