// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/skbuff.h>
#include <net/rps.h>

#include "host/device.h"
#include "host/rps.h"
#include "host/tunnel_group.h"
#include "host/underlay.h"

bool falcon_packet_has_rps(const struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	unsigned int index = skb_rx_queue_recorded(skb) ? skb_get_rx_queue(skb) : 0;

	/* Finds the queue as get_rps_cpu() does. */
	return index < dev->real_num_rx_queues && falcon_queue_has_rps(&dev->_rx[index]);
}

/* Receive queues to look at. A flow whose path has more of them stays on the kernel's path. */
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

/* Devices to look at, from a tunnel upwards: it may belong to a bridge, which belongs to none. */
#define MASTERS 4

static enum falcon_reason reason_of_tunnel(struct net_device *dev, unsigned int *looks)
{
	unsigned int i;

	if (dev->threaded)
		return FALCON_REASON_THREADED;
	if (READ_ONCE(dev->gro_flush_timeout))
		return FALCON_REASON_RPS;
	for (i = 0; dev && i < MASTERS; i++) {
		if (has_rps(dev, looks))
			return FALCON_REASON_RPS;
		dev = netdev_master_upper_dev_get_rcu(dev);
	}
	return FALCON_REASON_NONE;
}

static enum falcon_reason ask_group(const struct falcon_tunnel_group *group, unsigned int *looks)
{
	enum falcon_reason reason = FALCON_REASON_NONE;
	struct falcon_device *tunnel;

	list_for_each_entry_rcu(tunnel, &group->tunnels, same_group) {
		reason = reason_of_tunnel(tunnel->dev, looks);
		if (reason != FALCON_REASON_NONE)
			break;
	}
	return reason;
}

/*
 * @looks: queues that may still be looked at. NULL: an answer of this jiffy will do, as many
 * packets may ask
 */
static enum falcon_reason reason_of_group(const struct net_device *nic,
					  const struct falcon_encap *encap, u32 vni,
					  unsigned int *looks)
{
	struct falcon_tunnel_group *group = falcon_tunnel_group_find(nic, encap, vni);
	u8 reason = FALCON_REASON_NONE;
	unsigned int all = LOOKS;
	u32 now = jiffies;

	if (!group || (!looks && falcon_tunnel_group_recall(group, now, &reason)))
		return reason;
	reason = ask_group(group, looks ?: &all);
	if (!looks)
		falcon_tunnel_group_note(group, now, reason);
	return reason;
}

/* @looks: as above */
static enum falcon_reason reason_of_groups(const struct net_device *nic,
					   const struct falcon_encap *encap, u32 vni,
					   unsigned int *looks)
{
	enum falcon_reason reason = FALCON_REASON_NONE;

	if (encap->kind == FALCON_ENCAP_NONE)
		return reason;
	if (vni != FALCON_NO_VNI)
		reason = reason_of_group(nic, encap, vni, looks);
	/* Tunnels that take every network. */
	if (reason == FALCON_REASON_NONE)
		reason = reason_of_group(nic, encap, FALCON_NO_VNI, looks);
	return reason;
}

enum falcon_reason falcon_tunnels_reason(const struct net_device *nic,
					 const struct falcon_encap *encap, u32 vni)
{
	enum falcon_reason reason;

	rcu_read_lock();
	reason = reason_of_groups(nic, encap, vni, NULL);
	rcu_read_unlock();
	return reason;
}

/* A bridge beside the NIC may be on the path to the tunnel, and have the tunnel's address. */
static bool bridges_have_rps(const struct net_device *nic, unsigned int *looks)
{
	const struct falcon_underlay *underlay = falcon_underlay_of(dev_net(nic));
	const struct falcon_device *bridge;

	list_for_each_entry_rcu(bridge, &underlay->bridges, beside)
		if (has_rps(bridge->dev, looks))
			return true;
	return false;
}

enum falcon_reason falcon_devices_reason(const struct net_device *nic,
					 const struct falcon_encap *encap, u32 vni)
{
	enum falcon_reason reason = FALCON_REASON_RPS;
	unsigned int looks = LOOKS;

	rcu_read_lock();
	if (!has_rps(nic, &looks) && !bridges_have_rps(nic, &looks))
		reason = reason_of_groups(nic, encap, vni, &looks);
	rcu_read_unlock();
	return reason;
}
