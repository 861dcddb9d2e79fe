/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The promotion of flows into lanes. The flow table remembers every flow's rate for a moment. A
 * flow above elephant-rate gets a struct falcon_flow, and loses it when it is released.
 *
 * A mouse costs a look into the table. A new flow may evict one that is not in lanes.
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

/* The window in which a flow's packets are counted, in jiffies. */
#define FALCON_PROMOTE_WINDOW (HZ / 50 ?: 1)

/**
 * falcon_promote_start() - allow promotions from now on
 * @wake: called, in softirq, when a flow cannot be promoted because the plan is parked
 *
 * Context: process, under the control mutex, with a table.
 */
void falcon_promote_start(void (*wake)(void));

/**
 * falcon_promote_watch() - put a flow into the table, if its bucket has an entry for it
 * @plan: the plan
 * @hash: of the flow
 * @subject: the flow, as rules see it
 * @encap: its encapsulation
 * @skb: its first packet
 * @rule: result, if the packet goes ahead: number of the rule
 *
 * Context: BH, NIC's poll. Return: true if the packet goes ahead.
 */
bool falcon_promote_watch(const struct falcon_plan *plan, u32 hash,
			  const struct falcon_subject *subject, const struct falcon_encap *encap,
			  const struct sk_buff *skb, u32 *rule);

enum falcon_promote_answer {
	FALCON_PROMOTE_UNKNOWN,	/* not in the table: call falcon_promote_watch() */
	FALCON_PROMOTE_KERNEL,	/* on the kernel's path */
	FALCON_PROMOTE_DUE,	/* likewise, but due for promotion by its rate or a rule */
	FALCON_PROMOTE_LANES,
	FALCON_PROMOTE_AHEAD,	/* no packet of it was ever queued: each packet goes ahead */
};

/**
 * falcon_promote_ask() - count a packet of a flow, and tell where the flow is
 * @plan: the plan
 * @hash: of the flow
 * @skb: the packet
 * @poll: number of the NIC's poll, for priority-auto
 * @flow: result, for FALCON_PROMOTE_LANES: the flow, with a reference
 * @rule: result, for FALCON_PROMOTE_AHEAD: number of its rule
 *
 * Context: BH. Return: where the flow is.
 */
enum falcon_promote_answer falcon_promote_ask(const struct falcon_plan *plan, u32 hash,
					      const struct sk_buff *skb, u32 poll,
					      struct falcon_flow **flow, u32 *rule);

/**
 * falcon_promote_make() - allocate a flow that is due for promotion
 * @plan: the plan
 * @hash: of the flow
 * @subject: the flow, as rules see it
 * @encap: its encapsulation
 * @nic: the NIC that it arrives on
 *
 * Context: NIC's poll. Return: the flow, gated, which nobody else can find yet; NULL if it cannot
 * be promoted, which the table remembers for a second (less, if the plan is parked).
 */
struct falcon_flow *falcon_promote_make(const struct falcon_plan *plan, u32 hash,
					const struct falcon_subject *subject,
					const struct falcon_encap *encap,
					const struct net_device *nic);

/**
 * falcon_promote_enter() - let a flow enter the table and the flow list
 * @flow: from falcon_promote_make(), and in its gate's list
 *
 * Context: softirq. Return: false if another struct falcon_flow has entered for it, or the table
 * has forgotten it; otherwise the caller has one reference, and the flow table another.
 */
bool falcon_promote_enter(struct falcon_flow *flow);

/* Take a flow that was released out of the table. Context: softirq. */
void falcon_promote_leave(struct falcon_flow *flow);

#endif /* _FALCON_PROMOTE_H */
