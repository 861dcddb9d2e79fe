/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets of a flow come to, for rules that say it by the container or by the socket: what
 * the NIC brings does not tell. It is seen at the merge points, of packets in lanes and in the
 * kernel alone's path alike: while a rule wants to know, and for a moment after a packet whose
 * flow's place is not known or was seen some time ago. At other times it costs a look at the clock.
 */

#ifndef _FALCON_ENDPOINT_H
#define _FALCON_ENDPOINT_H

#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>

#include "rules/rule.h"

struct net_device;

/* Who wants to know of flows, by @hash and @key as behind the tunnel. */
struct falcon_endpoint_ops {
	/* Whether it is to be seen where packets of the flow come to. Context: any. */
	bool (*wants)(u32 hash, const struct falcon_key *key);
	/* Where that is. @whole: there is no more to be known soon. Context: BH. */
	void (*endpoint)(u32 hash, const struct falcon_key *key,
			 const struct falcon_endpoint *endpoint,
			 bool whole);
};

/* Tell them. Context: process. */
void falcon_endpoint_tell(const struct falcon_endpoint_ops *ops);

/* A packet whose place is to be seen is on its way. Context: any. */
void falcon_endpoint_expect(void);

/* For falcon_endpoint_expected(): jiffies until which one is. */
extern unsigned long falcon_endpoint_until;

/* Whether there may be one. Context: any. */
static inline bool falcon_endpoint_expected(void)
{
	return unlikely(time_before(jiffies, READ_ONCE(falcon_endpoint_until))) && !in_hardirq() &&
	       !in_nmi();
}

/**
 * falcon_endpoint_see() - a packet is received by a device
 * @skb: data at the network header
 * @dev: device; nothing happens when it is no container's
 *
 * Context: BH, not in hard interrupt.
 */
void falcon_endpoint_see(const struct sk_buff *skb, const struct net_device *dev);

/* Likewise, by the peer of a device that transmits it. Context: as above. */
void falcon_endpoint_see_sent(struct sk_buff *skb, struct net_device *dev);

/* Whether a flow ends on the host itself, behind a device. Context: BH. */
bool falcon_endpoint_is_here(const struct falcon_key *key, const struct net_device *dev);

/**
 * falcon_endpoint_is_by_cpu() - whether a datagram's CPU says which socket gets it
 * @skb: data at the network header
 * @sent: it is received by the peer of its device, which transmits it, and has a link header
 *
 * As in a group of sockets (SO_REUSEPORT) that has a program to choose, or with SO_INCOMING_CPU.
 *
 * Context: BH.
 */
bool falcon_endpoint_is_by_cpu(struct sk_buff *skb, bool sent);

/**
 * falcon_endpoint_cgroup() - a cgroup and those above it
 * @id: of the cgroup
 * @place: result: cgroup
 *
 * Context: process. Return: 0; -ERANGE, more levels than are looked at; another error: there is
 * none of that id.
 */
int falcon_endpoint_cgroup(u64 id, struct falcon_endpoint *endpoint);

#endif /* _FALCON_ENDPOINT_H */
