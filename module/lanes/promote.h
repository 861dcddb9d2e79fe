/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ladder: which flows are in lanes. A table remembers every flow's rate for a moment; a
 * flow above elephant-rate gets a struct falcon_flow, and loses it when it comes down.
 *
 * Mice cost a look into the table. A new flow may take the place of one that is not in lanes.
 */

#ifndef _FALCON_PROMOTE_H
#define _FALCON_PROMOTE_H

#include <linux/types.h>

#include "core/plan.h"
#include "flow/packet.h"
#include "rules/rule.h"

struct falcon_flow;
struct net_device;
struct sk_buff;

/* Jiffies in which a flow must bring in as many packets as its rate means. */
#define FALCON_PROMOTE_WINDOW (HZ / 50 ?: 1)

/**
 * falcon_promote_start() - flows may go up from now on
 * @wake: called when a flow is to go into lanes and may not as the plan is parked; in softirq
 *
 * Context: process, under the control mutex, with a table.
 */
void falcon_promote_start(void (*wake)(void));

/**
 * falcon_promote_watch() - put a flow into the table, if there is a place
 * @plan: the plan
 * @hash: of the flow
 * @flow: what is known of it
 * @encap: what it is wrapped in
 * @skb: the packet
 * @rule: result, for the answer true: the rule
 *
 * Context: BH, NIC's poll. Return: whether this packet, its first one, is to go ahead.
 */
bool falcon_promote_watch(const struct falcon_plan *plan, u32 hash,
			  const struct falcon_subject *subject, const struct falcon_encap *encap,
			  const struct sk_buff *skb, u32 *rule);

enum falcon_promote_answer {
	FALCON_PROMOTE_UNKNOWN,	/* not in the table: falcon_promote_watch() */
	FALCON_PROMOTE_KERNEL,	/* on the kernel's path */
	FALCON_PROMOTE_DUE,	/* likewise, but is to go into lanes, by its rate or a rule */
	FALCON_PROMOTE_LANES,
	FALCON_PROMOTE_AHEAD,	/* nothing of it was ever queued: each packet goes ahead */
};

/**
 * falcon_promote_ask() - a packet of a flow
 * @plan: the plan
 * @hash: of the flow
 * @skb: the packet
 * @poll: number of the NIC's poll, with priority-auto
 * @elephant: result: the flow, with a reference, for FALCON_PROMOTE_LANES
 * @rule: result: its rule, for FALCON_PROMOTE_AHEAD
 *
 * Context: BH. Return: where the flow is.
 */
enum falcon_promote_answer falcon_promote_ask(const struct falcon_plan *plan, u32 hash,
					      const struct sk_buff *skb, u32 poll,
					      struct falcon_flow **flow, u32 *rule);

/**
 * falcon_promote_make() - a flow is to go into lanes
 * @plan: the plan
 * @hash: of the flow
 * @flow: what is known of it
 * @encap: what it is wrapped in
 * @nic: that it arrives on
 *
 * Context: NIC's poll. Return: the flow, its gate shut, which nobody knows yet; NULL when it
 * cannot go up, which the table remembers for a second.
 */
struct falcon_flow *falcon_promote_make(const struct falcon_plan *plan, u32 hash,
					const struct falcon_subject *subject,
					const struct falcon_encap *encap,
					const struct net_device *nic);

/**
 * falcon_promote_enter() - the flow is in lanes
 * @elephant: made just now, and gated
 *
 * Context: softirq. Return: false when it is already, as another one, or was forgotten;
 * otherwise the caller has one reference and the flow table another.
 */
bool falcon_promote_enter(struct falcon_flow *flow);

/* A flow has come down. Context: softirq. */
void falcon_promote_leave(struct falcon_flow *flow);

#endif /* _FALCON_PROMOTE_H */
