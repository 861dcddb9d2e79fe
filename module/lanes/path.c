// SPDX-License-Identifier: GPL-2.0

#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <linux/smp.h>

#include "host/backlog.h"
#include "host/device.h"
#include "host/netdev.h"
#include "lanes/endpoint.h"
#include "lanes/path.h"

/* How often to look if the CPU decides which socket gets a flow's packets. */
#define SOCKET_INTERVAL (HZ / 5)

/* How long a leaving flow waits for the queue of a container's device to get empty. */
#define QUEUE_WAIT (HZ / 2)

void falcon_path_init(struct falcon_path *path)
{
	*path = (struct falcon_path){ .asked = jiffies - SOCKET_INTERVAL };
	falcon_backlog_mark_passed(&path->astray, smp_processor_id());
}

bool falcon_path_wants_gro(const struct falcon_key *key, bool host, const struct sk_buff *skb)
{
	/* GRO merges TCP, and UDP if the device is told to. */
	return key->protocol != IPPROTO_UDP || host ||
	       skb->dev->features & (NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD);
}

/* Frames that GRO has merged into these packets. */
static unsigned int count_frames(const struct falcon_chain *packets)
{
	const struct sk_buff *skb;
	unsigned int frames = 0;

	for (skb = packets->first; skb; skb = skb->next)
		frames += max_t(unsigned int, skb_shinfo(skb)->gso_segs, 1);
	return frames;
}

/*
 * Some packets of a run may be dropped, which does no harm. Open vSwitch sends packets that it has
 * no flow for to user space, through a queue for each CPU, and these come back later. So behind it
 * the whole run must have come.
 */
bool falcon_path_has_come(const struct falcon_runner *runner, const struct net_device *nic,
			  unsigned int taken)
{
	if (!runner->output.count || runner->output.count >= taken)
		return runner->output.count;
	if (!netif_is_ovs_port(nic) && !(runner->tunnel && netif_is_ovs_port(runner->tunnel)))
		return true;
	return count_frames(&runner->output) >= taken;
}

bool falcon_path_ends_here(const struct falcon_runner *runner, struct net_device *nic,
			   const struct falcon_key *key, bool host)
{
	struct net_device *last = host ? nic : runner->tunnel;

	return last && !runner->queue && falcon_endpoint_is_here(key, last) &&
	       !falcon_device_diverts(nic) && (last == nic || !falcon_device_diverts(last));
}

void falcon_path_look(struct falcon_path *path, const struct falcon_runner *runner, u8 protocol)
{
	struct sk_buff *skb = runner->output.first;
	bool by_cpu;

	if (!skb || protocol != IPPROTO_UDP ||
	    time_before(jiffies, READ_ONCE(path->asked) + SOCKET_INTERVAL))
		return;
	WRITE_ONCE(path->asked, jiffies);
	by_cpu = falcon_endpoint_is_by_cpu(skb, falcon_runner_merged_at(skb) ==
					     FALCON_MERGE_POINT_TRANSMIT);
	WRITE_ONCE(path->by_cpu, by_cpu);
}

/* The host's end of the container's device, or NULL. Context: RCU read section. */
static struct net_device *host_end(const struct falcon_path *path)
{
	const struct falcon_device *device = path->end ? falcon_device_find(path->end) : NULL;

	if (!device)
		return NULL;
	return path->merge_point == FALCON_MERGE_POINT_TRANSMIT ? device->dev :
								 falcon_device_peer(device->dev);
}

void falcon_path_see(struct falcon_path *path, const struct falcon_runner *runner, bool came)
{
	const struct sk_buff *skb = runner->output.first;

	/* Written only when it changes: other CPUs read this cache line. */
	if (skb && (path->end != skb->dev || path->merge_point != runner->merge_point)) {
		path->end = skb->dev;
		path->merge_point = runner->merge_point;
	}
	if (likely(came))
		return;
	falcon_backlog_mark(&path->astray, FALCON_BACKLOG_PASSES);
	rcu_read_lock();
	path->queue = runner->queue ?: host_end(path);
	rcu_read_unlock();
}

/* The device whose queue may hold packets, or NULL. Context: RCU read section. */
static const struct net_device *queue_of(const struct falcon_path *path)
{
	const struct falcon_device *device = path->queue ? falcon_device_find(path->queue) : NULL;

	return device ? device->dev : NULL;
}

bool falcon_path_has_calmed(struct falcon_path *path, unsigned long since)
{
	const struct net_device *dev;
	bool empty;

	if (path->astray.cpu == smp_processor_id())
		return true;
	rcu_read_lock();
	dev = queue_of(path);
	empty = !dev || time_after_eq(jiffies, since + QUEUE_WAIT) ||
		falcon_device_queues_empty(dev);
	rcu_read_unlock();
	return empty && falcon_backlog_is_through(&path->astray);
}

bool falcon_path_has_queue(const struct falcon_path *path)
{
	const struct net_device *dev;
	bool found;

	rcu_read_lock();
	dev = queue_of(path);
	found = dev && falcon_device_has_queues(dev);
	rcu_read_unlock();
	return found;
}
