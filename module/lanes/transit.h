/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow in lanes: its packets from the NIC's poll to their delivery.
 *
 *	take ─► waiting ─► runs of the ring, each queued to a worker's lane ─► ready ─► delivery
 *
 * Only one CPU at a time delivers, and a run is released only when those before it are, so
 * the order is that in which packets were taken, whichever CPUs do the work, and may change
 * at any run (workers) or delivery (who delivers, as long as it is one at a time).
 */

#ifndef _FALCON_TRANSIT_H
#define _FALCON_TRANSIT_H

#include "lanes/flow.h"

struct falcon_runner;

/**
 * falcon_transit_init() - a flow that is about to go up, its gate shut
 * @elephant: zeroed
 * @plan: the plan
 * @hash: of the flow
 * @key: the flow
 * @host: whether it came through no tunnel
 * @priority: by the rules
 *
 * Context: softirq, on the CPU of the NIC's poll.
 * Return: false when the plan has no CPU for it.
 */
bool falcon_transit_init(struct falcon_flow *flow, const struct falcon_plan *plan,
			 u32 hash, const struct falcon_key *key, bool host,
			 const struct falcon_priority *priority);

/* What the rules say of the flow now. Context: BH off. Return: false when somebody has the flow. */
bool falcon_transit_prioritise(struct falcon_flow *flow,
			       const struct falcon_priority *priority);

/**
 * falcon_transit_take() - packets from the NIC's poll
 * @elephant: the flow
 * @packets: moved from, unless the answer is false
 * @context: this CPU's, for what has to be processed here; NULL: not now
 *
 * Context: softirq. Return: false when the flow has left: the packets go the kernel's path.
 */
bool falcon_transit_take(struct falcon_flow *flow, struct falcon_chain *packets,
			 struct falcon_runner *runner);

/**
 * falcon_transit_process() - the worker's part
 * @elephant: the flow
 * @first: number of a run that was queued for this CPU
 * @count: runs in a row
 * @context: this CPU's
 *
 * Context: softirq. Return: packets.
 */
unsigned int falcon_transit_process(struct falcon_flow *flow, u32 first,
				    unsigned int count, struct falcon_runner *runner);

/**
 * falcon_transit_deliver() - the delivery's part
 * @elephant: a flow that was queued for delivery
 * @budget: packets at most
 *
 * Context: softirq. Return: packets, or -EAGAIN: it is still queued, for when the ring of the
 * container's device has room.
 */
int falcon_transit_deliver(struct falcon_flow *flow, unsigned int budget);

/* Stock's queues are empty of it: its packets go to the workers. Context: softirq. */
void falcon_transit_open(struct falcon_flow *flow);

/**
 * falcon_transit_leave() - bring the flow down, once nothing is in flight
 * @elephant: the flow
 * @limit: why
 *
 * Context: BH off.
 */
void falcon_transit_leave(struct falcon_flow *flow, enum falcon_reason reason);

/* What came of a flow's last step down. */
enum falcon_release {
	FALCON_RELEASE_LEFT,	/* it has left just now */
	FALCON_RELEASE_EMPTIED,	/* it had before, and another CPU brought packets meanwhile */
	FALCON_RELEASE_MORE,	/* more wait than one go takes: they can go on at once */
	FALCON_RELEASE_WAITS,	/* for what is before them on another CPU, or in a device's queue */
};

/**
 * falcon_transit_release() - the last step down
 * @elephant: a flow with nothing in flight
 * @context: this CPU's, where those that waited are processed
 *
 * Context: softirq, on the home CPU.
 */
enum falcon_release falcon_transit_release(struct falcon_flow *flow,
					   struct falcon_runner *runner);

#endif /* _FALCON_TRANSIT_H */
