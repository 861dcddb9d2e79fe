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

#include "packet.h"
#include "plan.h"
#include "policy.h"
#include "rule.h"

struct falcon_elephant;
struct net_device;
struct sk_buff;

/* What flow-get tells of a flow. */
struct falcon_ladder_info {
	struct falcon_key	key;
	u32			hash;
	int			ifindex;	/* NIC that it arrives on */
	u64			netns;
	u32			rung, limit, merge;	/* enums of falcon.yaml */
	u16			workers[FALCON_WORKERS_MAX];
	unsigned int		worker_count;
	u16			delivery, app;	/* or FALCON_NO_CPU */
	u32			rule;		/* that gives it priority, or 0 */
	u32			vni;		/* or FALCON_NO_VNI */
	bool			twin;		/* a flow of another network is like it */
	u64			packets, moves, batches;
	u32			in_flight, in_flight_bytes, held, idle_ms;
	bool			on_lanes;	/* above stock: workers and so on are valid */
};

/* What status-get tells of all of them. */
struct falcon_flow_sum {
	unsigned int	flows;		/* with packets in the last second */
	unsigned int	elephants;	/* of them, in lanes */
	unsigned int	several;	/* of those, on several CPUs at once */
	unsigned int	ahead;		/* on the NIC's CPU, by a rule */
	unsigned int	barred;		/* above the rate, and on stock's path */
	u32		limit;		/* enum falcon_limit; why most of the barred are */
};

#define FALCON_LADDER_FLOWS 65536	/* a power of two */
#define FALCON_LADDER_END   FALCON_LADDER_FLOWS

/* Jiffies in which a flow must bring in as many packets as its rate means. */
#define FALCON_LADDER_WINDOW (HZ / 50 ?: 1)

/**
 * falcon_ladder_alloc() - the table, the lanes and the intakes
 * @wake: called when a flow is to go into lanes and may not as the plan is resting; in softirq
 *
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_ladder_alloc(void (*wake)(void));

/*
 * Take it all away. Packets that could not be brought down are dropped, and it is said how
 * many. Context: process, under the control mutex; no hook is attached any more, and no
 * packet in a replacement.
 */
void falcon_ladder_free(void);

/*
 * Whether no flow is in lanes; those that are to leave are told to. Context: process, while
 * allocated.
 */
bool falcon_ladder_settled(void);

/* Whether the lane of a CPU has nothing to do. Context: process. */
bool falcon_ladder_has_left(u16 cpu);

/* What each flow in lanes may have in flight, see falcon_policy_share(). Context: any. */
struct falcon_share falcon_ladder_share(void);

/* Whether flows of the host itself are in lanes. Context: any. */
bool falcon_ladder_has_hosts(void);

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

/*
 * Whether it is to be seen where packets of the flow come to; @hash and @key as behind the tunnel.
 * Context: any.
 */
bool falcon_ladder_wants_place(u32 hash, const struct falcon_key *key);

/**
 * falcon_ladder_place() - where packets of a flow come to
 * @hash: of the flow, as behind the tunnel
 * @key: the flow
 * @place: what rules say of the flow is asked again when it was another one
 * @whole: there is no more to be known soon
 *
 * Context: BH.
 */
void falcon_ladder_place(u32 hash, const struct falcon_key *key, const struct falcon_place *place,
			 bool whole);

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

/* Give a reference back. Context: BH. */
void falcon_ladder_put(struct falcon_elephant *elephant);

/*
 * Keep the table, and what is allocated with it, until falcon_ladder_release(). Under RTNL, so
 * nothing may be waited for meanwhile. Context: process. Return: whether there is one.
 */
bool falcon_ladder_hold(void);
void falcon_ladder_release(void);

/**
 * falcon_ladder_next() - a walk over all flows that have been in lanes, and may have packets
 * @elephant: the flow before, whose reference is given back; NULL to begin
 *
 * No lock is held between two flows. Context: process. Return: the flow, with a reference, or NULL.
 */
struct falcon_elephant *falcon_ladder_next(struct falcon_elephant *elephant);

/* Count the flows. Context: process. */
void falcon_ladder_sum(struct falcon_flow_sum *sum);

/**
 * falcon_ladder_walk() - call a function for each flow of the table
 * @from: where to begin; what the last call returned
 * @call: returns non-zero to stop before the flow that it got
 * @data: for @call
 *
 * Context: process. Return: where to go on, FALCON_LADDER_END at the end.
 */
unsigned long falcon_ladder_walk(unsigned long from,
				 int (*call)(const struct falcon_ladder_info *info, void *data),
				 void *data);

#endif /* _FALCON_LADDER_H */
