// SPDX-License-Identifier: GPL-2.0

#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/nsproxy.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <net/rps.h>
#include <net/rtnetlink.h>
#include <net/sch_generic.h>

#include "device.h"
#include "ladder.h"
#include "notice.h"
#include "plan.h"

#define TUNNEL .stage = FALCON_STAGE_TUNNEL, .origin = true
#define CONTAINER .stage = FALCON_STAGE_CONTAINER

static const struct falcon_kind kinds[] = {
	{ "vxlan",	TUNNEL, .port_attribute = IFLA_VXLAN_PORT },
	{ "geneve",	TUNNEL, .port_attribute = IFLA_GENEVE_PORT, .geneve = true },
	{ "gre",	TUNNEL, .gre = true },
	{ "gretap",	TUNNEL, .gre = true },
	{ "ip6gre",	TUNNEL, .gre = true },
	{ "ip6gretap",	TUNNEL, .gre = true },
	{ "ipip",	TUNNEL, .ip_in_ip = true },
	{ "sit",	TUNNEL, .ip_in_ip = true },
	{ "ip6tnl",	TUNNEL, .ip_in_ip = true },
	/* What a bridge hands to its own host, having come through a tunnel or not. */
	{ "bridge",	.stage = FALCON_STAGE_TUNNEL },
	{ "veth",	CONTAINER },
	{ "netkit",	CONTAINER },
	{ "macvlan",	CONTAINER },
	{ "ipvlan",	CONTAINER },
};

static const struct falcon_kind physical = { "physical", .stage = FALCON_STAGE_NIC };

/* Written under RTNL, read under RCU. */
static DEFINE_HASHTABLE(devices, 8);

/* Set before the notifier goes, which replays NETDEV_UNREGISTER for every device. */
static bool leaving;

static void (*has_changed)(void);

static const struct falcon_kind *kind_of(const struct net_device *dev)
{
	unsigned int i;

	if (!falcon_device_is_virtual(dev))
		return dev->type == ARPHRD_ETHER && !(dev->flags & IFF_LOOPBACK) &&
		       dev->dev.parent ? &physical : NULL;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(dev->rtnl_link_ops->kind, kinds[i].name))
			return &kinds[i];
	return NULL;
}

/* The port as `ip -d link` would show it: the drivers' own structures are private. */
static u16 port_of(const struct net_device *dev, u16 attribute)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;
	const struct nlattr *port = NULL;
	struct sk_buff *info;
	u16 found = 0;

	if (!attribute || !ops->fill_info)
		return 0;
	info = alloc_skb(nla_total_size(ops->get_size ? ops->get_size(dev) : NLMSG_GOODSIZE),
			 GFP_KERNEL);
	if (!info) {
		netdev_warn(dev, "falcon: no memory, its flows are not known at the NIC\n");
		return 0;
	}
	if (!ops->fill_info(info, dev))
		port = nla_find((struct nlattr *)info->data, info->len, attribute);
	if (port && nla_len(port) >= sizeof(__be16))
		found = be16_to_cpu(nla_get_be16(port));
	kfree_skb(info);
	return found;
}

static bool merges_udp(const struct net_device *dev, const struct falcon_kind *kind)
{
	return kind->origin && dev->features & (NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD);
}

const struct falcon_device *falcon_device_find(const struct net_device *dev)
{
	struct falcon_device *device;

	hash_for_each_possible_rcu(devices, device, node, (unsigned long)dev)
		if (device->dev == dev)
			return device;
	return NULL;
}

struct net_device *falcon_device_peer(struct net_device *dev)
{
	return dev->netdev_ops->ndo_get_peer_dev ? dev->netdev_ops->ndo_get_peer_dev(dev) : NULL;
}

bool falcon_device_has_waiting(struct net_device *dev, u64 *taken)
{
	struct rtnl_link_stats64 stats = {};
	struct net_device *peer;
	struct napi_struct *napi;
	bool waiting = false;

	rcu_read_lock();
	peer = falcon_device_peer(dev);
	if (peer && !list_empty(&peer->napi_list) && peer->netdev_ops->ndo_get_stats64) {
		/* A poll ends by finding nothing. */
		list_for_each_entry_rcu(napi, &peer->napi_list, dev_list)
			waiting |= test_bit(NAPI_STATE_SCHED, &napi->state);
		peer->netdev_ops->ndo_get_stats64(peer, &stats);
	}
	rcu_read_unlock();
	*taken = stats.rx_packets;
	return waiting;
}

int falcon_device_place(const char *name, struct falcon_place *place)
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
		place->netns = dev_net(dev)->net_cookie;
		place->ifindex = dev->ifindex;
	}
	rcu_read_unlock();
	return err;
}

u64 falcon_device_netns(u64 inum)
{
	const struct net *net;
	u64 cookie = 0;

	rcu_read_lock();
	for_each_net_rcu(net)
		if (net->ns.inum == inum)
			cookie = net->net_cookie;
	rcu_read_unlock();
	return cookie;
}

bool falcon_device_name(int ifindex, u64 netns, char *name)
{
	const struct falcon_device *device;
	unsigned int bucket;
	bool found = false;

	/* The device outlives its entry by an RCU grace period. */
	rcu_read_lock();
	hash_for_each_rcu(devices, bucket, device, node) {
		found = device->ifindex == ifindex && device->netns == netns;
		if (found) {
			strscpy(name, device->dev->name, IFNAMSIZ);
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/* Known by RTNL: the notifier is the only writer. */
static struct falcon_device *find_rtnl(const struct net_device *dev)
{
	struct falcon_device *device;

	ASSERT_RTNL();
	hash_for_each_possible(devices, device, node, (unsigned long)dev)
		if (device->dev == dev)
			return device;
	return NULL;
}

static void tell(enum falcon_event event, const struct falcon_device *device)
{
	struct falcon_notice notice = {
		.event = event,
		.device = device,
	};

	falcon_notify(&notice);
}

static void add(struct net_device *dev)
{
	const struct falcon_kind *kind = kind_of(dev);
	struct falcon_device *device;

	if (!kind || find_rtnl(dev))
		return;
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device) {
		netdev_warn(dev, "falcon: no memory, flows of this device are not steered\n");
		return;
	}
	device->dev = dev;
	device->kind = kind;
	device->port = port_of(dev, kind->port_attribute);
	device->merges_udp = merges_udp(dev, kind);
	device->ifindex = dev->ifindex;
	device->netns = dev_net(dev)->ns.inum;
	/*
	 * The flows of a tunnel are found again from the container's stage by the hash of
	 * the flow alone.
	 */
	device->salt = kind->origin || kind == &physical ? 0 : get_random_u32();
	hash_add_rcu(devices, &device->node, (unsigned long)dev);
	tell(FALCON_EVENT_DEVICE_ADD, device);
	falcon_replan();
	has_changed();
}

static void del(struct net_device *dev)
{
	struct falcon_device *device = find_rtnl(dev);

	if (!device)
		return;
	hash_del_rcu(&device->node);
	falcon_ladder_forget(dev);
	if (!leaving)
		tell(FALCON_EVENT_DEVICE_DEL, device);
	kfree_rcu(device, rcu);
	if (leaving)
		return;
	falcon_replan();
	has_changed();
}

static void change(struct net_device *dev)
{
	struct falcon_device *device = find_rtnl(dev);
	bool udp;

	if (!device)
		return;
	udp = merges_udp(dev, device->kind);
	if (udp == device->merges_udp)
		return;
	WRITE_ONCE(device->merges_udp, udp);
	has_changed();
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

int falcon_devices_init(void (*changed)(void))
{
	has_changed = changed;
	/* Replays NETDEV_REGISTER for every device of every namespace. */
	return register_netdevice_notifier(&notifier);
}

void falcon_devices_exit(void)
{
	leaving = true;
	unregister_netdevice_notifier(&notifier);
	rcu_barrier();	/* kfree_rcu() of entries of this module's making */
}

static void add_port(struct falcon_tunnels *tunnels, u16 port, bool geneve)
{
	unsigned int i;

	for (i = 0; i < tunnels->ports; i++)
		if (tunnels->port[i].port == cpu_to_be16(port))
			return;
	/* One too many: its flows are not split at the NIC, everything else works. */
	if (i == FALCON_TUNNEL_PORTS)
		return;
	tunnels->port[i].port = cpu_to_be16(port);
	tunnels->port[i].geneve = geneve;
	tunnels->ports++;
}

void falcon_devices_sum(struct falcon_device_sum *sum)
{
	const struct falcon_device *device;
	unsigned int bucket;

	memset(sum, 0, sizeof(*sum));
	rcu_read_lock();
	hash_for_each_rcu(devices, bucket, device, node) {
		if (device->port)
			add_port(&sum->tunnels, device->port, device->kind->geneve);
		sum->tunnels.gre |= device->kind->gre;
		sum->tunnels.ip_in_ip |= device->kind->ip_in_ip;
		sum->merges_udp |= READ_ONCE(device->merges_udp);
		sum->count++;
	}
	rcu_read_unlock();
}

bool falcon_device_has_queue(const struct net_device *dev, const struct sk_buff *skb)
{
	const struct netdev_queue *queue = netdev_get_tx_queue(dev, skb_get_queue_mapping(skb));

	return rcu_dereference_bh(queue->qdisc)->enqueue;
}

bool falcon_device_has_rps(const struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->num_rx_queues; i++)
		if (falcon_queue_has_rps(&dev->_rx[i]))
			return true;
	return false;
}

bool falcon_devices_have_rps(void)
{
	const struct falcon_device *device;
	unsigned int bucket;
	bool found = false;

	rcu_read_lock();
	hash_for_each_rcu(devices, bucket, device, node) {
		if (device->kind->stage == FALCON_STAGE_CONTAINER)
			continue;
		found = falcon_device_has_rps(device->dev) ||
			(device->kind->origin && READ_ONCE(device->dev->gro_flush_timeout));
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

bool falcon_devices_had_rps(void)
{
	static unsigned long asked;	/* jiffies */
	static bool had;
	unsigned long now = jiffies;

	if (READ_ONCE(asked) != now) {
		WRITE_ONCE(had, falcon_devices_have_rps());
		WRITE_ONCE(asked, now);
	}
	return READ_ONCE(had);
}

unsigned int falcon_devices_walk(unsigned int skip,
				 int (*call)(const struct falcon_device *device, void *data),
				 void *data)
{
	const struct falcon_device *device;
	unsigned int bucket, seen = 0, taken = 0;

	rtnl_lock();
	hash_for_each(devices, bucket, device, node) {
		if (seen++ < skip)
			continue;
		if (call(device, data))
			break;
		taken++;
	}
	rtnl_unlock();
	return taken;
}
