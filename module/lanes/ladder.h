/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ladder: which flows are in lanes. A table remembers every flow's rate for a moment; a
 * flow above elephant-rate gets a struct falcon_elephant, and loses it when it comes down.
 *
 * Mice cost a look into the table. A new flow may take the place of one that is not in lanes.
 */

#ifndef _FALCON_LADDER_H
#define _FALCON_LADDER_H

#include <linux/types.h>

#include "core/plan.h"
#include "flow/packet.h"
#include "rules/rule.h"

struct falcon_elephant;
struct net_device;
struct sk_buff;

/* Jiffies in which a flow must bring in as many packets as its rate means. */
#define FALCON_LADDER_WINDOW (HZ / 50 ?: 1)

/**
 * falcon_ladder_start() - flows may go up from now on
 * @wake: called when a flow is to go into lanes and may not as the plan is resting; in softirq
 *
 * Context: process, under the control mutex, with a table.
 */
void falcon_ladder_start(void (*wake)(void));

/**
 * falcon_ladder_watch() - put a flow into the table, if there is a place
 * @plan: the plan
 * @hash: of the flow
 * @flow: what is known of it
 * @encap: what it is wrapped in
 * @skb: the packet
 * @rule: result, for the answer true: the rule
 *
 * Context: BH, NIC's poll. Return: whether this packet, its first one, is to go ahead.
 */
bool falcon_ladder_watch(const struct falcon_plan *plan, u32 hash,
			 const struct falcon_subject *flow, const struct falcon_encap *encap,
			 const struct sk_buff *skb, u32 *rule);

enum falcon_ladder_answer {
	FALCON_LADDER_UNKNOWN,	/* not in the table: falcon_ladder_watch() */
	FALCON_LADDER_STOCK,	/* on stock's path */
	FALCON_LADDER_CLIMBS,	/* likewise, but is to go into lanes, by its rate or a rule */
	FALCON_LADDER_LANES,
	FALCON_LADDER_AHEAD,	/* nothing of it was ever queued: each packet goes ahead */
};

/**
 * falcon_ladder_ask() - a packet of a flow
 * @plan: the plan
 * @hash: of the flow
 * @skb: the packet
 * @poll: number of the NIC's poll, with priority-auto
 * @elephant: result: the flow, with a reference, for FALCON_LADDER_LANES
 * @rule: result: its rule, for FALCON_LADDER_AHEAD
 *
 * Context: BH. Return: where the flow is.
 */
enum falcon_ladder_answer falcon_ladder_ask(const struct falcon_plan *plan, u32 hash,
					    const struct sk_buff *skb, u32 poll,
					    struct falcon_elephant **elephant, u32 *rule);

/**
 * falcon_ladder_make() - a flow is to go into lanes
 * @plan: the plan
 * @hash: of the flow
 * @flow: what is known of it
 * @encap: what it is wrapped in
 * @nic: that it arrives on
 *
 * Context: NIC's poll. Return: the flow, its gate shut, which nobody knows yet; NULL when it
 * cannot go up, which the table remembers for a second.
 */
struct falcon_elephant *falcon_ladder_make(const struct falcon_plan *plan, u32 hash,
					   const struct falcon_subject *flow,
					   const struct falcon_encap *encap,
					   const struct net_device *nic);

/**
 * falcon_ladder_climb() - the flow is in lanes
 * @elephant: made just now, and gated
 *
 * Context: softirq. Return: false when it is already, as another one, or was forgotten;
 * otherwise the caller has one reference and the ladder another.
 */
bool falcon_ladder_climb(struct falcon_elephant *elephant);

/* A flow has come down. Context: softirq. */
void falcon_ladder_remove(struct falcon_elephant *elephant);

#endif /* _FALCON_LADDER_H */
