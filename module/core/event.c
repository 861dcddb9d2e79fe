// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>
#include <net/genetlink.h>

#include "core/event.h"
#include "core/index.h"

/*
 * Innermost: nothing is taken under it. The family may be missing: the first devices are found
 * before it is registered.
 */
static DEFINE_MUTEX(lock);
static const struct genl_family *sender;
static unsigned int group;	/* of @sender */

static bool put_event(struct sk_buff *skb, const struct falcon_event_msg *msg)
{
	const struct falcon_index *device = msg->device;

	return !nla_put_u32(skb, FALCON_A_EVENT_EVENT, msg->event) &&
	       (!device ||
		(!nla_put_u32(skb, FALCON_A_EVENT_IFINDEX, device->ifindex) &&
		 !nla_put_string(skb, FALCON_A_EVENT_IFNAME, msg->name) &&
		 !nla_put_u64_64bit(skb, FALCON_A_EVENT_NETNS, device->netns, 0) &&
		 !nla_put_u32(skb, FALCON_A_EVENT_STAGE, msg->stage))) &&
	       (!msg->has_cpu || !nla_put_u32(skb, FALCON_A_EVENT_CPU, msg->cpu)) &&
	       (!msg->reason || !nla_put_string(skb, FALCON_A_EVENT_REASON, msg->reason));
}

static void send(const struct falcon_event_msg *msg)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, sender, 0, FALCON_CMD_EVENT_NTF);
	if (!header || !put_event(skb, msg)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	/* This fails with -ESRCH when nobody listens. */
	genlmsg_multicast(sender, skb, 0, group, GFP_KERNEL);
}

void falcon_events_open(const struct genl_family *family, unsigned int events)
{
	mutex_lock(&lock);
	sender = family;
	group = events;
	mutex_unlock(&lock);
}

void falcon_events_close(void)
{
	falcon_events_open(NULL, 0);
}

void falcon_event_send(const struct falcon_event_msg *msg)
{
	mutex_lock(&lock);
	if (sender)
		send(msg);
	mutex_unlock(&lock);
}
