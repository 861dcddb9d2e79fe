// SPDX-License-Identifier: GPL-2.0

#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <net/netns/generic.h>
#include <net/rps.h>
#include <net/rtnetlink.h>

#include "device.h"
#include "host.h"
#include "notice.h"
#include "tunnels.h"

#define TUNNEL .stage = FALCON_STAGE_TUNNEL, .origin = true
#define CONTAINER .stage = FALCON_STAGE_CONTAINER

static const struct falcon_kind kinds[] = {
	{ "vxlan",	TUNNEL, FALCON_ENCAP_VXLAN,
	  IFLA_VXLAN_PORT, IFLA_VXLAN_ID, IFLA_VXLAN_COLLECT_METADATA },
	{ "geneve",	TUNNEL, FALCON_ENCAP_GENEVE,
	  IFLA_GENEVE_PORT, IFLA_GENEVE_ID, IFLA_GENEVE_COLLECT_METADATA },
	{ "gre",	TUNNEL, FALCON_ENCAP_GRE },
	{ "gretap",	TUNNEL, FALCON_ENCAP_GRE },
	{ "ip6gre",	TUNNEL, FALCON_ENCAP_GRE },
	{ "ip6gretap",	TUNNEL, FALCON_ENCAP_GRE },
	{ "ipip",	TUNNEL, FALCON_ENCAP_IP },
	{ "sit",	TUNNEL, FALCON_ENCAP_IP },
	{ "ip6tnl",	TUNNEL, FALCON_ENCAP_IP },
	/* What a bridge hands to its own host, having come through a tunnel or not. */
	{ "bridge",	.stage = FALCON_STAGE_TUNNEL },
	{ "veth",	CONTAINER },
	{ "netkit",	CONTAINER },
	{ "macvlan",	CONTAINER },
	{ "ipvlan",	CONTAINER },
};

static const struct falcon_kind physical = { "physical", .stage = FALCON_STAGE_NIC };

static u32 hash_of_dev(const void *dev, u32 len, u32 seed)
{
	return hash_long((unsigned long)*(const struct net_device *const *)dev ^ seed, 32);
}

/* A packet asks, of one pointer: memcmp() would cost as much as all the rest. */
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

/* Likewise, the newest last. */
static LIST_HEAD(devices);
static unsigned int device_count, nic_count;	/* written under RTNL */

/* Written under RTNL: before an entry comes or goes, and after it has. Never 0, as it is odd. */
static u32 number = 1;

/*
 * What a network namespace has: its NICs' packets come to the tunnels whose socket is in it,
 * wherever their device is, and to no others. Under RTNL, but for what RCU is said of.
 */
struct falcon_underlay {
	unsigned int		nics;
	struct list_head	tunnels;
	struct list_head	bridges;	/* read under RCU */
};

static unsigned int underlay_id;

/* Tunnels that see UDP, and those that should; written under RTNL. */
static unsigned int seeing, untold;

/* Set before the notifier goes, which replays NETDEV_UNREGISTER for every device. */
static bool leaving;

static const struct falcon_host_ops *host;

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

/* As `ip -d link` would show it: the drivers' own structures are private. */
static struct sk_buff *info_of(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;
	struct sk_buff *info;

	info = alloc_skb(nla_total_size(ops->get_size ? ops->get_size(dev) : NLMSG_GOODSIZE),
			 GFP_KERNEL);
	if (!info)
		netdev_warn(dev, "falcon: no memory, its flows are not known at the NIC\n");
	else if (ops->fill_info(info, dev))
		skb_trim(info, 0);
	return info;
}

static const struct nlattr *find_in(const struct sk_buff *info, u16 attribute, int len)
{
	const struct nlattr *found = nla_find((struct nlattr *)info->data, info->len, attribute);

	return found && nla_len(found) >= len ? found : NULL;
}

/* Where its socket is, if it is known to be elsewhere than the device. */
static const struct net *link_net_of(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;

	return (ops->get_link_net ? ops->get_link_net(dev) : NULL) ?: dev_net(dev);
}

static void find_way(const struct net_device *dev, const struct falcon_kind *kind,
		     struct falcon_inlet_key *way)
{
	const struct nlattr *port, *vni, *any;
	struct sk_buff *info;

	way->net = link_net_of(dev);
	way->vni = FALCON_NO_VNI;
	way->encap.kind = kind->encap;
	if (!kind->port_attribute || !dev->rtnl_link_ops->fill_info)
		return;
	info = info_of(dev);
	if (!info)
		return;
	port = find_in(info, kind->port_attribute, sizeof(__be16));
	vni = find_in(info, kind->vni_attribute, sizeof(u32));
	any = find_in(info, kind->any_attribute, 0);
	if (port)
		way->encap.port = nla_get_be16(port);
	/* VXLAN says it by a value, GENEVE by the attribute alone. */
	if (vni && !(any && (!nla_len(any) || nla_get_u8(any))))
		way->vni = nla_get_u32(vni);
	kfree_skb(info);
}

static bool merges_udp(const struct net_device *dev, const struct falcon_kind *kind)
{
	return kind->origin && dev->features & (NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD);
}

const struct falcon_device *falcon_device_find(const struct net_device *dev)
{
	/* BH off keeps the entry for the caller; the table asks for an RCU read section by name. */
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

/* Known by RTNL: the notifier is the only writer. */
static struct falcon_device *find_rtnl(const struct net_device *dev)
{
	ASSERT_RTNL();
	return rhashtable_lookup_fast(&by_dev, &dev, by_dev_params);
}

static void tell(enum falcon_event event, const struct falcon_device *device)
{
	struct falcon_notice notice = {
		.event = event,
		.device = &device->index,
		.name = device->dev->name,
		.stage = device->kind->stage,
	};

	falcon_notify(&notice);
}

static void change_number(void)
{
	smp_store_release(&number, number + 2);	/* pairs with falcon_devices_number() */
}

u32 falcon_devices_number(void)
{
	return smp_load_acquire(&number);	/* pairs with change_number() */
}

static bool is_nic(const struct falcon_device *device)
{
	return device->kind == &physical;
}

static bool is_initial(const struct falcon_device *tunnel)
{
	return net_eq(tunnel->way.net, &init_net);
}

/* A tunnel that NICs' packets can come to from now on, or until now. */
static void count_tunnel(struct falcon_device *tunnel, int count)
{
	bool counted = (count > 0 || tunnel->counted) &&
		       falcon_tunnels_count(&tunnel->way.encap, is_initial(tunnel), count);

	WRITE_ONCE(tunnel->counted, counted && count > 0);
}

static void sum_up(bool initial)
{
	if (falcon_tunnels_sum_up(initial) && !leaving)
		host->changed();
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
	list_for_each_entry_rcu(device, &devices, node)
		/* What unregistering frees at once is waited for since it is in another state. */
		if (READ_ONCE(device->counted) &&
		    data_race(device->dev->reg_state == NETREG_REGISTERED))
			received += dev_get_stats(device->dev, &stats)->rx_packets;
	rcu_read_unlock();
	return received;
}

static void see_udp(struct falcon_device *tunnel, bool sees)
{
	struct falcon_inlet *inlet = tunnel->inlet;
	int more = sees - tunnel->through_cell;

	WRITE_ONCE(seeing, seeing + more);
	WRITE_ONCE(inlet->seeing, inlet->seeing + more);
	WRITE_ONCE(tunnel->through_cell, sees);
}

/*
 * A NIC's packets can come to the tunnel of another namespace from now on, and none of them is on
 * its way yet. (What came to it by another device may be, past the cell.)
 */
static void see_udp_at_once(struct falcon_device *tunnel)
{
	if (!is_initial(tunnel) && tunnel->underlay->nics)
		see_udp(tunnel, true);
}

static void count_nic(struct falcon_underlay *underlay, int count)
{
	struct falcon_device *tunnel;
	bool initial = false;

	underlay->nics += count;
	/* The first one, or the last. */
	if (underlay->nics == (count > 0)) {
		list_for_each_entry(tunnel, &underlay->tunnels, beside) {
			count_tunnel(tunnel, count);
			initial = is_initial(tunnel);
			see_udp_at_once(tunnel);
		}
		sum_up(initial);
	}
	/* By its number who remembers a NIC's address knows that it may be another one's. */
	if (!leaving)
		host->changed();
}

/*
 * Whether flows have to be brought back first, so that the tunnel sees their UDP from then on. The
 * tunnels of other namespaces' NICs see it all their life, so that their owners have none brought
 * back; those that no NIC's packets come to never do.
 */
static bool is_untold(const struct falcon_device *device)
{
	return device->kind->origin && is_initial(device) && device->merges_udp &&
	       !device->through_cell;
}

/* A device that is on its way to another namespace. Under RTNL. */
static struct {
	const struct net_device	*dev;
	bool			merges_udp, through_cell;
} moving;

static void join_underlay(struct falcon_device *device)
{
	struct falcon_underlay *underlay = device->underlay;

	if (is_nic(device)) {
		count_nic(underlay, 1);
		return;
	}
	if (!device->kind->origin) {
		list_add_tail_rcu(&device->beside, &underlay->bridges);
		return;
	}
	list_add_tail(&device->beside, &underlay->tunnels);
	if (moving.dev == device->dev) {
		device->merges_udp |= moving.merges_udp;
		see_udp(device, moving.through_cell);
	}
	see_udp_at_once(device);
	WRITE_ONCE(untold, untold + is_untold(device));
	if (!underlay->nics)
		return;
	count_tunnel(device, 1);
	sum_up(is_initial(device));
}

static void leave_underlay(struct falcon_device *device)
{
	struct falcon_underlay *underlay = device->underlay;

	if (is_nic(device)) {
		count_nic(underlay, -1);
		return;
	}
	if (!device->kind->origin) {
		list_del_rcu(&device->beside);
		return;
	}
	list_del(&device->beside);
	/* Then it is registered again before RTNL is given back. */
	moving.dev = device->dev->reg_state == NETREG_REGISTERED ? device->dev : NULL;
	moving.merges_udp = device->merges_udp;
	moving.through_cell = device->through_cell;
	WRITE_ONCE(untold, untold - is_untold(device));
	see_udp(device, false);
	if (!underlay->nics)
		return;
	count_tunnel(device, -1);
	sum_up(is_initial(device));
}

static int insert(struct falcon_device *device)
{
	int err;

	err = rhashtable_insert_fast(&by_index, &device->by_index, by_index_params);
	if (err)
		return err;
	if (device->kind->origin) {
		err = -ENOMEM;
		device->inlet = falcon_inlet_join(&device->way, &device->same_inlet);
		if (!device->inlet)
			goto index;
	}
	err = rhashtable_insert_fast(&by_dev, &device->by_dev, by_dev_params);
	if (err)
		goto inlet;
	change_number();
	list_add_tail_rcu(&device->node, &devices);
	change_number();
	WRITE_ONCE(device_count, device_count + 1);
	WRITE_ONCE(nic_count, nic_count + is_nic(device));
	return 0;

inlet:
	if (device->inlet)
		falcon_inlet_leave(device->inlet, &device->same_inlet);
index:
	rhashtable_remove_fast(&by_index, &device->by_index, by_index_params);
	return err;
}

static void extract(struct falcon_device *device)
{
	change_number();
	list_del_rcu(&device->node);
	change_number();
	WRITE_ONCE(device_count, device_count - 1);
	WRITE_ONCE(nic_count, nic_count - is_nic(device));
	rhashtable_remove_fast(&by_dev, &device->by_dev, by_dev_params);
	rhashtable_remove_fast(&by_index, &device->by_index, by_index_params);
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
		find_way(dev, kind, &device->way);
	if (kind->stage != FALCON_STAGE_CONTAINER)
		device->underlay = net_generic(device->way.net, underlay_id);
	device->merges_udp = merges_udp(dev, kind);
	device->index.ifindex = dev->ifindex;
	device->index.netns = dev_net(dev)->ns.inum;
	/*
	 * The flows of a tunnel are found again from the container's stage by the hash of
	 * the flow alone.
	 */
	device->salt = kind->origin || kind == &physical ? 0 : get_random_u32();
	return device;
}

static void add(struct net_device *dev)
{
	const struct falcon_kind *kind = kind_of(dev);
	struct falcon_device *device;

	if (!kind || find_rtnl(dev))
		return;
	device = make(dev, kind);
	if (!device || insert(device)) {
		netdev_warn(dev, "falcon: no memory, flows of this device are not steered\n");
		/* It may have been found in one table before there was no room in the next. */
		if (device)
			kfree_rcu(device, rcu);
		moving.dev = NULL;
		return;
	}
	tell(FALCON_EVENT_DEVICE_ADD, device);
	if (device->underlay)
		join_underlay(device);
	moving.dev = NULL;
	if (!falcon_devices_merge_as_told())
		host->merging_changed();
}

static void del(struct net_device *dev)
{
	struct falcon_device *device = find_rtnl(dev);

	/* Packets may have been merged on their way to any device, falcon's business or not. */
	host->device_gone(dev);
	if (!device)
		return;
	extract(device);
	if (device->underlay)
		leave_underlay(device);
	if (device->inlet)
		falcon_inlet_leave(device->inlet, &device->same_inlet);
	if (leaving) {
		kfree_rcu(device, rcu);
		return;
	}
	if (device->kind->origin)
		host->tunnel_gone(dev);
	tell(FALCON_EVENT_DEVICE_DEL, device);
	if (is_nic(device))
		host->nic_gone(device);
	else
		kfree_rcu(device, rcu);
}

static void change(struct net_device *dev)
{
	struct falcon_device *device = find_rtnl(dev);
	bool untold_before;

	if (!device || !device->kind->origin)
		return;
	untold_before = is_untold(device);
	/* Its owner may take it back, and again: it has said so once. */
	device->merges_udp |= merges_udp(dev, device->kind);
	WRITE_ONCE(untold, untold + is_untold(device) - untold_before);
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

static int __net_init init_underlay(struct net *net)
{
	struct falcon_underlay *underlay = net_generic(net, underlay_id);

	INIT_LIST_HEAD(&underlay->tunnels);
	INIT_LIST_HEAD(&underlay->bridges);
	return 0;
}

static struct pernet_operations underlays = {
	.init	= init_underlay,
	.id	= &underlay_id,
	.size	= sizeof(struct falcon_underlay),
};

int falcon_devices_init(const struct falcon_host_ops *ops)
{
	int err;

	host = ops;
	err = rhashtable_init(&by_dev, &by_dev_params);
	if (err)
		return err;
	err = rhashtable_init(&by_index, &by_index_params);
	if (err)
		goto by_dev;
	err = falcon_inlets_init();
	if (err)
		goto by_index;
	err = register_pernet_subsys(&underlays);
	if (err)
		goto inlets;
	/* Replays NETDEV_REGISTER for every device of every namespace. */
	err = register_netdevice_notifier(&notifier);
	if (err)
		goto underlays;
	return 0;

underlays:
	rcu_barrier();	/* as below: it may have seen some of the devices */
	unregister_pernet_subsys(&underlays);
inlets:
	falcon_inlets_exit();
by_index:
	rhashtable_destroy(&by_index);
by_dev:
	rhashtable_destroy(&by_dev);
	return err;
}

void falcon_devices_stop(void)
{
	leaving = true;
	unregister_netdevice_notifier(&notifier);
}

void falcon_devices_exit(void)
{
	rcu_barrier();	/* kfree_rcu() of entries of this module's making */
	unregister_pernet_subsys(&underlays);
	falcon_inlets_exit();
	rhashtable_destroy(&by_index);
	rhashtable_destroy(&by_dev);
}

bool falcon_devices_merge_as_told(void)
{
	return !READ_ONCE(untold);
}

void falcon_devices_tell_merging(bool anew)
{
	struct falcon_device *device;

	rtnl_lock();
	list_for_each_entry(device, &devices, node) {
		if (!device->kind->origin || !is_initial(device))
			continue;
		if (anew)
			device->merges_udp = merges_udp(device->dev, device->kind);
		see_udp(device, device->merges_udp);
	}
	WRITE_ONCE(untold, 0);
	rtnl_unlock();
}

bool falcon_devices_see_udp(void)
{
	return READ_ONCE(seeing);
}

/* A flow with more receive queues than these behind one inlet stays on the kernel's path. */
#define LOOKS 4096

static bool has_rps(const struct net_device *dev, unsigned int *looks)
{
	unsigned int i;

	for (i = 0; i < dev->num_rx_queues; i++) {
		if (!*looks || falcon_queue_has_rps(&dev->_rx[i]))
			return true;
		--*looks;
	}
	return false;
}

/* What a device belongs to: a bridge, and that to nothing. */
#define MASTERS 4

static enum falcon_limit limit_of_tunnel(struct net_device *dev, unsigned int *looks)
{
	unsigned int i;

	if (dev->threaded)
		return FALCON_LIMIT_THREADED;
	if (READ_ONCE(dev->gro_flush_timeout))
		return FALCON_LIMIT_RPS;
	for (i = 0; dev && i < MASTERS; i++) {
		if (has_rps(dev, looks))
			return FALCON_LIMIT_RPS;
		dev = netdev_master_upper_dev_get_rcu(dev);
	}
	return FALCON_LIMIT_NONE;
}

static enum falcon_limit limit_of_inlet(const struct falcon_inlet *inlet, unsigned int *looks)
{
	enum falcon_limit limit = FALCON_LIMIT_NONE;
	struct falcon_device *tunnel;

	list_for_each_entry_rcu(tunnel, &inlet->tunnels, same_inlet) {
		limit = limit_of_tunnel(tunnel->dev, looks);
		if (limit != FALCON_LIMIT_NONE)
			break;
	}
	return limit;
}

/* @looks: NULL: as of this jiffy, in which many packets may ask */
static enum falcon_limit limit_of_way(const struct net_device *nic,
				      const struct falcon_encap *encap, u32 vni,
				      unsigned int *looks)
{
	struct falcon_inlet *inlet = falcon_inlet_find(nic, encap, vni);
	u8 limit = FALCON_LIMIT_NONE;
	unsigned int all = LOOKS;
	u32 now = jiffies;

	if (!inlet || (!looks && falcon_inlet_recall(inlet, now, &limit)))
		return limit;
	limit = limit_of_inlet(inlet, looks ?: &all);
	if (!looks)
		falcon_inlet_note(inlet, now, limit);
	return limit;
}

/* @looks: likewise */
static enum falcon_limit limit_of_ways(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni,
				       unsigned int *looks)
{
	enum falcon_limit limit = FALCON_LIMIT_NONE;

	if (encap->kind == FALCON_ENCAP_NONE)
		return limit;
	if (vni != FALCON_NO_VNI)
		limit = limit_of_way(nic, encap, vni, looks);
	/* Those that take every network. */
	if (limit == FALCON_LIMIT_NONE)
		limit = limit_of_way(nic, encap, FALCON_NO_VNI, looks);
	return limit;
}

enum falcon_limit falcon_tunnels_limit(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni)
{
	enum falcon_limit limit;

	rcu_read_lock();
	limit = limit_of_ways(nic, encap, vni, NULL);
	rcu_read_unlock();
	return limit;
}

/* A bridge beside the NIC may be on the way to the tunnel, and have its address. */
static bool bridges_have_rps(const struct net_device *nic, unsigned int *looks)
{
	const struct falcon_underlay *underlay = net_generic(dev_net(nic), underlay_id);
	const struct falcon_device *bridge;

	list_for_each_entry_rcu(bridge, &underlay->bridges, beside)
		if (has_rps(bridge->dev, looks))
			return true;
	return false;
}

enum falcon_limit falcon_devices_limit(const struct net_device *nic,
				       const struct falcon_encap *encap, u32 vni)
{
	enum falcon_limit limit = FALCON_LIMIT_RPS;
	unsigned int looks = LOOKS;

	rcu_read_lock();
	if (!has_rps(nic, &looks) && !bridges_have_rps(nic, &looks))
		limit = limit_of_ways(nic, encap, vni, &looks);
	rcu_read_unlock();
	return limit;
}

static bool sees_udp_of_way(const struct net_device *nic, const struct falcon_encap *encap,
			    u32 vni)
{
	const struct falcon_inlet *inlet = falcon_inlet_find(nic, encap, vni);

	return inlet && READ_ONCE(inlet->seeing);
}

bool falcon_devices_see_udp_of(const struct net_device *nic, const struct falcon_encap *encap,
			       u32 vni)
{
	return (vni != FALCON_NO_VNI && sees_udp_of_way(nic, encap, vni)) ||
	       sees_udp_of_way(nic, encap, FALCON_NO_VNI);
}

unsigned int falcon_devices_walk(unsigned int skip,
				 int (*call)(const struct falcon_device *device, void *data),
				 void *data)
{
	const struct falcon_device *device;
	unsigned int seen = 0, taken = 0;

	/* Without RTNL, which others may hold for seconds. */
	rcu_read_lock();
	list_for_each_entry_rcu(device, &devices, node) {
		if (seen++ < skip)
			continue;
		if (call(device, data))
			break;
		taken++;
	}
	rcu_read_unlock();
	return taken;
}
