// SPDX-License-Identifier: GPL-2.0

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <net/rtnetlink.h>
#include <uapi/linux/falcon.h>

#include "host/kind.h"
#include "host/netdev.h"
#include "host/tunnel_group.h"

/*
 * One row for each kind of tunnel or container. A new encapsulation needs the parser as well, see
 * adding-a-tunnel-kind.md.
 */
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
	/* Hands packets to its own host, whether they came through a tunnel or not. */
	{ "bridge",	.stage = FALCON_STAGE_TUNNEL },
	{ "veth",	CONTAINER },
	{ "netkit",	CONTAINER },
	{ "macvlan",	CONTAINER },
	{ "ipvlan",	CONTAINER },
};

static const struct falcon_kind physical = { "physical", .stage = FALCON_STAGE_NIC };

const struct falcon_kind *falcon_kind_of(const struct net_device *dev)
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

/* Reads what `ip -d link` shows, as the drivers' own structures are private. */
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

/* The namespace of a tunnel's socket: the device's, unless the driver tells another one. */
static const struct net *link_net_of(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;

	return (ops->get_link_net ? ops->get_link_net(dev) : NULL) ?: dev_net(dev);
}

void falcon_kind_find_way(const struct net_device *dev, const struct falcon_kind *kind,
			  struct falcon_tunnel_group_key *way)
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
	/* For VXLAN the value of the attribute counts, for GENEVE its presence. */
	if (vni && !(any && (!nla_len(any) || nla_get_u8(any))))
		way->vni = nla_get_u32(vni);
	kfree_skb(info);
}
