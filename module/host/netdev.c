// SPDX-License-Identifier: GPL-2.0
/* Questions to a device that need no entry in falcon's table. */

#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <net/sch_generic.h>

#include "host/netdev.h"

/* Number of upper devices that are asked whether they divert packets. */
#define UPPER_MAX 16

struct net_device *falcon_device_peer(struct net_device *dev)
{
	return dev->netdev_ops->ndo_get_peer_dev ? dev->netdev_ops->ndo_get_peer_dev(dev) : NULL;
}

bool falcon_device_is_polled(struct net_device *dev)
{
	struct net_device *peer;
	struct napi_struct *napi;
	bool polled = false;

	rcu_read_lock();
	peer = falcon_device_peer(dev);
	if (peer && peer->netdev_ops->ndo_get_stats64) {
		/* NAPI stays scheduled until a poll finds no packet. */
		list_for_each_entry_rcu(napi, &peer->napi_list, dev_list) {
			polled = test_bit(NAPI_STATE_SCHED, &napi->state);
			if (polled)
				break;
		}
	}
	rcu_read_unlock();
	return polled;
}

bool falcon_device_takes_apart(struct net_device *dev)
{
	struct net_device *peer;
	bool apart;

	rcu_read_lock();
	peer = falcon_device_peer(dev);
	apart = peer && (peer->features & NETIF_F_GSO_SOFTWARE) != NETIF_F_GSO_SOFTWARE;
	rcu_read_unlock();
	return apart;
}

u64 falcon_device_taken(struct net_device *dev)
{
	struct rtnl_link_stats64 stats = {};
	struct net_device *peer;

	rcu_read_lock();
	peer = falcon_device_peer(dev);
	if (peer && peer->netdev_ops->ndo_get_stats64)
		peer->netdev_ops->ndo_get_stats64(peer, &stats);
	rcu_read_unlock();
	return stats.rx_packets;
}

/* True for tc, netfilter and generic XDP. XDP in the driver has run before. */
static bool has_ingress(const struct net_device *dev)
{
	return rcu_access_pointer(dev->xdp_prog) || falcon_has_ingress(dev);
}

static int count_upper(struct net_device *upper, struct netdev_nested_priv *left)
{
	unsigned int *count = left->data;

	return !(*count)-- || has_ingress(upper);
}

bool falcon_device_diverts(struct net_device *dev)
{
	/* A device with more upper devices than this counts as diverting. */
	unsigned int count = UPPER_MAX;
	struct netdev_nested_priv left = { .data = &count };
	bool found;

	rcu_read_lock();
	found = has_ingress(dev) || netdev_walk_all_upper_dev_rcu(dev, count_upper, &left);
	rcu_read_unlock();
	return found;
}

bool falcon_device_has_queue(const struct net_device *dev, const struct sk_buff *skb)
{
	const struct netdev_queue *queue = netdev_get_tx_queue(dev, skb_get_queue_mapping(skb));

	return rcu_dereference_bh(queue->qdisc)->enqueue;
}

static const struct Qdisc *qdisc_of(const struct net_device *dev, unsigned int queue)
{
	return rcu_dereference_bh(netdev_get_tx_queue(dev, queue)->qdisc);
}

bool falcon_device_has_queues(const struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->real_num_tx_queues; i++)
		if (qdisc_of(dev, i)->enqueue)
			return true;
	return false;
}

bool falcon_device_queues_empty(const struct net_device *dev)
{
	unsigned int i, queued = 0;

	for (i = 0; i < dev->real_num_tx_queues; i++)
		queued += qdisc_qlen_sum(qdisc_of(dev, i));
	return !queued;
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
