/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's endpoint: its container and its socket's cgroup, for rules about these. A packet does
 * not show its endpoint at the NIC, so falcon looks at the merge points, at packets in lanes and
 * packets on the kernel's path alike. It looks only while a rule is about endpoints, and only for a
 * moment after a packet of a flow whose endpoint is unknown or old. At other times a packet costs
 * one look at the clock.
 */

#ifndef _FALCON_ENDPOINT_H
#define _FALCON_ENDPOINT_H

#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>

#include "rules/rule.h"

struct net_device;

/* The user of endpoints. @hash and @key are of the headers behind the tunnel. */
struct falcon_endpoint_ops {
	/* True if the endpoint of this flow is due for a look. Context: any. */
	bool (*wants)(u32 hash, const struct falcon_key *key);
	/* Takes the endpoint. @whole: a look soon after would find no more. Context: BH. */
	void (*endpoint)(u32 hash, const struct falcon_key *key,
			 const struct falcon_endpoint *endpoint,
			 bool whole);
};

/* Register the user of endpoints. Context: process. */
void falcon_endpoint_tell(const struct falcon_endpoint_ops *ops);

/* Have the merge points look at packets for a moment. Context: any. */
void falcon_endpoint_expect(void);

/* Jiffies until which falcon_endpoint_expected() returns true. */
extern unsigned long falcon_endpoint_until;

/* True if a merge point must look at its packets now. Context: any. */
static inline bool falcon_endpoint_expected(void)
{
	return unlikely(time_before(jiffies, READ_ONCE(falcon_endpoint_until))) && !in_hardirq() &&
	       !in_nmi();
}

/**
 * falcon_endpoint_see() - look at a packet that a device receives
 * @skb: data at the network header
 * @dev: the device; nothing happens unless it is a container's
 *
 * Context: BH, not in hard interrupt.
 */
void falcon_endpoint_see(const struct sk_buff *skb, const struct net_device *dev);

/* The same for a packet that @dev transmits and its peer receives. Context: as above. */
void falcon_endpoint_see_sent(struct sk_buff *skb, struct net_device *dev);

/* True if a flow that @dev receives ends on the host: its address is local. Context: BH. */
bool falcon_endpoint_is_here(const struct falcon_key *key, const struct net_device *dev);

/**
 * falcon_endpoint_is_by_cpu() - true if the CPU decides which socket gets a datagram
 * @skb: data at the network header; with @sent, at the link header
 * @sent: the datagram's device transmits it, and the peer of that device receives it
 *
 * So it is in a group of sockets (SO_REUSEPORT) with a program that chooses, and for a socket with
 * SO_INCOMING_CPU.
 *
 * Context: BH.
 */
bool falcon_endpoint_is_by_cpu(struct sk_buff *skb, bool sent);

/**
 * falcon_endpoint_cgroup() - find a cgroup and the cgroups above it
 * @id: of the cgroup
 * @endpoint: result: its member cgroup
 *
 * Context: process. Return: 0; -ERANGE if the cgroup is deeper than FALCON_CGROUP_LEVELS; another
 * error if no cgroup has that id.
 */
int falcon_endpoint_cgroup(u64 id, struct falcon_endpoint *endpoint);

#endif /* _FALCON_ENDPOINT_H */
