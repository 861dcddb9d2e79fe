// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/preempt.h>

#include "device.h"
#include "identity.h"
#include "ladder.h"
#include "place.h"

/* How long a packet may take to its container for its place to be seen; or the next one is. */
#define EXPECTED_FOR (HZ / 50 ?: 1)

static unsigned long expected;	/* jiffies until which one is */

void falcon_place_expect(void)
{
	unsigned long until = jiffies + EXPECTED_FOR;

	if (READ_ONCE(expected) != until)
		WRITE_ONCE(expected, until);
}

bool falcon_place_expected(void)
{
	return time_before(jiffies, READ_ONCE(expected)) && !in_hardirq() && !in_nmi();
}

static bool is_container(const struct net_device *dev)
{
	const struct falcon_device *device = falcon_device_find(dev);

	return device && device->kind->stage == FALCON_STAGE_CONTAINER;
}

void falcon_place_see(const struct sk_buff *skb, const struct net_device *dev)
{
	struct falcon_place place = {};
	struct falcon_packet packet;
	u32 hash;

	rcu_read_lock();
	if (is_container(dev) &&
	    falcon_identify(skb, NULL, &packet, false, &hash) == FALCON_PACKET_FLOW &&
	    falcon_ladder_wants_place(hash, &packet.key)) {
		place.netns = dev_net(dev)->net_cookie;
		place.ifindex = dev->ifindex;
		falcon_ladder_place(hash, &packet.key, &place);
	}
	rcu_read_unlock();
}

void falcon_place_see_sent(struct sk_buff *skb, struct net_device *dev)
{
	unsigned int offset = skb_network_offset(skb);
	const struct net_device *peer;

	if (offset > skb_headlen(skb))
		return;
	rcu_read_lock();
	peer = falcon_device_peer(dev);
	if (peer) {
		__skb_pull(skb, offset);
		falcon_place_see(skb, peer);
		__skb_push(skb, offset);
	}
	rcu_read_unlock();
}
