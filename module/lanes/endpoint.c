// SPDX-License-Identifier: GPL-2.0

#include <linux/cgroup.h>
#include <linux/in.h>
#include <linux/netdevice.h>
#include <net/inet_hashtables.h>
#include <net/route.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>
#include <net/udp.h>

#include "flow/key.h"
#include "host/device.h"
#include "host/netdev.h"
#include "lanes/endpoint.h"
#include "rules/priority.h"

/* Set before the first packet is expected, and never taken back. */
static const struct falcon_endpoint_ops *told;

/* Merge points look for so long. If the packet takes longer, a later packet has them look again. */
#define EXPECTED_FOR (HZ / 50 ?: 1)

/* Sockets of a group, at most, whose SO_INCOMING_CPU is looked at. */
#define GROUP_MAX 64

unsigned long falcon_endpoint_until;

void falcon_endpoint_expect(void)
{
	unsigned long until = jiffies + EXPECTED_FOR;

	if (READ_ONCE(falcon_endpoint_until) != until)
		WRITE_ONCE(falcon_endpoint_until, until);
}

static bool is_container(const struct net_device *dev)
{
	const struct falcon_device *device = falcon_device_find(dev);

	return device && device->kind->stage == FALCON_STAGE_CONTAINER;
}

/*
 * The flow's socket, with a reference. NULL before a connection is established, and while no socket
 * has the port.
 */
static struct sock *find_socket(const struct falcon_key *key, const struct net_device *dev)
{
	const struct in6_addr *saddr = (const void *)key->saddr, *daddr = (const void *)key->daddr;
	u16 port = be16_to_cpu(key->dport);
	struct net *net = dev_net(dev);

	switch (key->protocol) {
	case IPPROTO_TCP:
		if (key->family == 4)
			return falcon_inet_lookup(net, key->saddr[0], key->sport, key->daddr[0],
						  port, dev->ifindex);
		return falcon_inet6_lookup(net, saddr, key->sport, daddr, port, dev->ifindex);
	case IPPROTO_UDP:
		if (key->family == 4)
			return udp4_lib_lookup(net, key->saddr[0], key->sport, key->daddr[0],
					       key->dport, dev->ifindex);
		return falcon_udp6_lookup(net, saddr, key->sport, daddr, key->dport, dev->ifindex);
	default:
		return NULL;
	}
}

bool falcon_endpoint_is_here(const struct falcon_key *key, const struct net_device *dev)
{
	struct net *net = dev_net(dev);

	if (key->family == 6)
		return falcon_inet6_is_local(net, (const struct in6_addr *)key->daddr);
	return inet_addr_type_dev_table(net, dev, key->daddr[0]) == RTN_LOCAL;
}

/*
 * True if the receiving CPU decides which of several sockets gets a datagram. Also true for a
 * connected socket that has received, since the kernel notes its CPU there; that does no harm.
 */
static bool is_by_cpu(const struct sock *sk)
{
	const struct sock_reuseport *group;
	bool by_cpu = READ_ONCE(sk->sk_incoming_cpu) >= 0;
	unsigned int i, count;

	rcu_read_lock();
	group = rcu_dereference(sk->sk_reuseport_cb);
	if (group) {
		by_cpu |= !!rcu_access_pointer(group->prog);
		count = min_t(unsigned int, READ_ONCE(group->num_socks), GROUP_MAX);
		for (i = 0; i < count && !by_cpu; i++)
			by_cpu = READ_ONCE(group->socks[i]->sk_incoming_cpu) >= 0;
	}
	rcu_read_unlock();
	return by_cpu;
}

static bool find_by_cpu(const struct sk_buff *skb, const struct net_device *dev)
{
	struct falcon_packet packet;
	bool by_cpu = false;
	struct sock *sk;
	u32 hash;

	if (falcon_identify(skb, false, NULL, &packet, false, &hash) != FALCON_PACKET_FLOW ||
	    packet.key.protocol != IPPROTO_UDP)
		return false;
	sk = find_socket(&packet.key, dev);
	if (!sk)
		return false;
	by_cpu = is_by_cpu(sk);
	sock_gen_put(sk);
	return by_cpu;
}

bool falcon_endpoint_is_by_cpu(struct sk_buff *skb, bool sent)
{
	unsigned int offset = sent ? skb_network_offset(skb) : 0;
	const struct net_device *dev;
	bool by_cpu = false;

	if (offset > skb_headlen(skb))
		return false;
	rcu_read_lock();
	dev = sent ? falcon_device_peer(skb->dev) : skb->dev;
	if (dev) {
		__skb_pull(skb, offset);
		by_cpu = find_by_cpu(skb, dev);
		__skb_push(skb, offset);
	}
	rcu_read_unlock();
	return by_cpu;
}

static void see_cgroup(struct cgroup *cgroup, struct falcon_endpoint *endpoint)
{
	int level, end = min(cgroup->level + 1, FALCON_CGROUP_LEVELS);

	for (level = 0; level < end; level++)
		endpoint->cgroup[level] = cgroup_id(cgroup_ancestor(cgroup, level));
}

static void see_socket(const struct falcon_key *key, const struct net_device *dev,
		       struct falcon_endpoint *endpoint)
{
	struct sock *sk = find_socket(key, dev);

	if (!sk)
		return;
	/* The socket holds its cgroup, the one in which it was made. */
	if (sk_fullsock(sk))
		see_cgroup(sock_cgroup_ptr(&sk->sk_cgrp_data), endpoint);
	sock_gen_put(sk);
}

int falcon_endpoint_cgroup(u64 id, struct falcon_endpoint *endpoint)
{
	struct cgroup *cgroup = cgroup_get_from_id(id);
	int err = 0;

	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup);
	if (cgroup->level < FALCON_CGROUP_LEVELS)
		see_cgroup(cgroup, endpoint);
	else
		err = -ERANGE;
	cgroup_put(cgroup);
	return err;
}

void falcon_endpoint_tell(const struct falcon_endpoint_ops *ops)
{
	WRITE_ONCE(told, ops);
}

void falcon_endpoint_see(const struct sk_buff *skb, const struct net_device *dev)
{
	bool cgroup = falcon_priority_wants_cgroups();
	struct falcon_endpoint endpoint = {};
	struct falcon_packet packet;
	u32 hash;

	rcu_read_lock();
	if (is_container(dev) &&
	    falcon_identify(skb, false, NULL, &packet, false, &hash) == FALCON_PACKET_FLOW &&
	    READ_ONCE(told)->wants(hash, &packet.key)) {
		endpoint.netns = dev_net(dev)->net_cookie;
		endpoint.ifindex = dev->ifindex;
		if (cgroup)
			see_socket(&packet.key, dev, &endpoint);
		READ_ONCE(told)->endpoint(hash, &packet.key, &endpoint, !cgroup ||
					  endpoint.cgroup[0]);
	}
	rcu_read_unlock();
}

void falcon_endpoint_see_sent(struct sk_buff *skb, struct net_device *dev)
{
	unsigned int offset = skb_network_offset(skb);
	const struct net_device *peer;

	if (offset > skb_headlen(skb))
		return;
	rcu_read_lock();
	peer = falcon_device_peer(dev);
	if (peer) {
		__skb_pull(skb, offset);
		falcon_endpoint_see(skb, peer);
		__skb_push(skb, offset);
	}
	rcu_read_unlock();
}
