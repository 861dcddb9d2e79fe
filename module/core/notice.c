// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>
#include <net/genetlink.h>

#include "control/netlink-gen.h"
#include "core/index.h"
#include "core/notice.h"

/* Innermost: nothing is taken under it. Devices are found before there is a family. */
static DEFINE_MUTEX(lock);
static const struct genl_family *sender;

static bool put_notice(struct sk_buff *skb, const struct falcon_notice *notice)
{
	const struct falcon_index *device = notice->device;

	return !nla_put_u32(skb, FALCON_A_NOTICE_EVENT, notice->event) &&
	       (!device ||
		(!nla_put_u32(skb, FALCON_A_NOTICE_IFINDEX, device->ifindex) &&
		 !nla_put_string(skb, FALCON_A_NOTICE_IFNAME, notice->name) &&
		 !nla_put_u64_64bit(skb, FALCON_A_NOTICE_NETNS, device->netns, 0) &&
		 !nla_put_u32(skb, FALCON_A_NOTICE_STAGE, notice->stage))) &&
	       (!notice->has_cpu || !nla_put_u32(skb, FALCON_A_NOTICE_CPU, notice->cpu)) &&
	       (!notice->reason || !nla_put_string(skb, FALCON_A_NOTICE_REASON, notice->reason));
}

static void send(const struct falcon_notice *notice)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, sender, 0, FALCON_CMD_EVENT_NTF);
	if (!header || !put_notice(skb, notice)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	/* -ESRCH: nobody listens. */
	genlmsg_multicast(sender, skb, 0, FALCON_NLGRP_EVENTS, GFP_KERNEL);
}

void falcon_notices_open(const struct genl_family *family)
{
	mutex_lock(&lock);
	sender = family;
	mutex_unlock(&lock);
}

void falcon_notices_close(void)
{
	falcon_notices_open(NULL);
}

void falcon_notify(const struct falcon_notice *notice)
{
	mutex_lock(&lock);
	if (sender)
		send(notice);
	mutex_unlock(&lock);
}
