// SPDX-License-Identifier: GPL-2.0

#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "host/tunnels.h"

/* A UDP port that tunnels listen on. Under RTNL. */
struct port {
	struct hlist_node	hashed;
	struct list_head	node;
	struct falcon_encap	encap;
	unsigned int		tunnels;
	unsigned int		initial;	/* tunnels of the initial namespace among them */
};

/*
 * Each port once, in the order in which they came: ports of the initial namespace, and all others.
 * Other namespaces may bring any number of ports. So a port is found by its hash, and only as many
 * are looked at as the table has room for.
 */
static LIST_HEAD(initial_ports);
static LIST_HEAD(other_ports);
static DEFINE_HASHTABLE(ports, 10);
static unsigned int counts[FALCON_ENCAP_KINDS];	/* of tunnels without a port */

/* Written under RTNL and sum_lock, read under either. */
static struct falcon_tunnel_sum sum = { .changed = INITIAL_JIFFIES };
static DEFINE_SPINLOCK(sum_lock);	/* innermost */

static struct port *find_port(const struct falcon_encap *encap)
{
	struct port *port;

	hash_for_each_possible(ports, port, hashed, be16_to_cpu(encap->port))
		if (!memcmp(&port->encap, encap, sizeof(*encap)))
			return port;
	return NULL;
}

static struct port *make_port(const struct falcon_encap *encap)
{
	struct port *port = kzalloc(sizeof(*port), GFP_KERNEL);

	if (!port) {
		pr_warn("no memory, flows by port %u are not known at the NIC\n",
			be16_to_cpu(encap->port));
		return NULL;
	}
	port->encap = *encap;
	hash_add(ports, &port->hashed, be16_to_cpu(encap->port));
	list_add_tail(&port->node, &other_ports);
	return port;
}

static bool count_port(const struct falcon_encap *encap, bool initial, int count)
{
	struct port *port = find_port(encap) ?: make_port(encap);
	bool was_initial;

	if (!port)
		return false;
	was_initial = port->initial;
	port->tunnels += count;
	port->initial += initial * count;
	if (was_initial != !!port->initial)
		list_move_tail(&port->node, port->initial ? &initial_ports : &other_ports);
	if (port->tunnels)
		return true;
	hash_del(&port->hashed);
	list_del(&port->node);
	kfree(port);
	return true;
}

bool falcon_tunnels_count(const struct falcon_encap *encap, bool initial, int count)
{
	ASSERT_RTNL();
	if (falcon_encap_has_port(encap->kind))
		return encap->port && count_port(encap, initial, count);
	if (WARN_ON_ONCE(encap->kind == FALCON_ENCAP_NONE))
		return false;
	counts[encap->kind] += count;
	return true;
}

/* The index of a port in the table; the number of ports if the port has no entry. */
static unsigned int index_of(const struct falcon_tunnels *tunnels, __be16 port)
{
	unsigned int i;

	for (i = 0; i < tunnels->ports; i++)
		if (tunnels->port[i].port == port)
			break;
	return i;
}

static unsigned long since_of(__be16 port, u8 kind)
{
	unsigned int i = index_of(&sum.tunnels, port);

	return i < sum.tunnels.ports && sum.tunnels.port[i].kind == kind ?
	       sum.port_since[i] : jiffies;
}

static void add_ports(struct falcon_tunnel_sum *next, const struct list_head *ports)
{
	struct falcon_tunnels *tunnels = &next->tunnels;
	const struct port *port;
	unsigned int at;

	list_for_each_entry(port, ports, node) {
		if (index_of(tunnels, port->encap.port) < tunnels->ports)
			continue;
		/* No room: flows of this port are not known at the NIC. All else works. */
		if (tunnels->ports == FALCON_TUNNEL_PORTS) {
			next->left_out = next->left_out ?: be16_to_cpu(port->encap.port);
			return;
		}
		at = tunnels->ports++;
		tunnels->port[at].port = port->encap.port;
		tunnels->port[at].kind = port->encap.kind;
		next->port_since[at] = since_of(port->encap.port, port->encap.kind);
	}
}

bool falcon_tunnels_sum_up(bool initial)
{
	struct falcon_tunnel_sum next;
	unsigned int kind;
	bool changes;

	ASSERT_RTNL();
	memset(&next, 0, sizeof(next));		/* padding included, for memcmp() */
	for (kind = 0; kind < FALCON_ENCAP_KINDS; kind++) {
		next.tunnels.kind[kind] = counts[kind];
		next.kind_since[kind] = sum.tunnels.kind[kind] ? sum.kind_since[kind] : jiffies;
	}
	add_ports(&next, &initial_ports);
	add_ports(&next, &other_ports);
	changes = memcmp(&sum.tunnels, &next.tunnels, sizeof(next.tunnels));
	next.changed = changes && initial ? jiffies : sum.changed;
	spin_lock(&sum_lock);
	memcpy(&sum, &next, sizeof(sum));
	spin_unlock(&sum_lock);
	return changes;
}

void falcon_tunnels_get(struct falcon_tunnel_sum *copy)
{
	spin_lock(&sum_lock);
	*copy = sum;
	spin_unlock(&sum_lock);
}
