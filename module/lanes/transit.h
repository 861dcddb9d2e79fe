/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's packets in lanes, from the NIC's poll to their delivery.
 *
 *	inbox ─► waiting ─► runs in the reorder ring, each in a worker's lane ─► ready ─► delivery
 *
 * Packets are delivered in the order in which they were taken: the reorder ring releases a run
 * only after all runs before it, and one CPU at a time delivers. So each run may have another
 * worker, and each delivery another CPU.
 */

#ifndef _FALCON_TRANSIT_H
#define _FALCON_TRANSIT_H

#include "lanes/flow.h"

struct falcon_runner;

/**
 * falcon_transit_init() - set up a flow that is about to be promoted
 * @flow: zeroed; becomes a gated flow whose home is this CPU
 * @plan: the plan
 * @hash: of the flow
 * @key: the flow
 * @host: true if it came through no tunnel
 * @priority: by the rules
 *
 * Context: softirq, on the CPU of the NIC's poll.
 * Return: false if the plan has no CPU for the flow.
 */
bool falcon_transit_init(struct falcon_flow *flow, const struct falcon_plan *plan,
			 u32 hash, const struct falcon_key *key, bool host,
			 const struct falcon_priority *priority);

/*
 * Give the flow the priority that the rules now say. Context: BH off. Return: false if another CPU
 * has the flow's lock; then nothing has changed.
 */
bool falcon_transit_prioritise(struct falcon_flow *flow,
			       const struct falcon_priority *priority);

/**
 * falcon_transit_take() - take packets from the NIC's poll
 * @flow: the flow
 * @packets: moved from, unless the function returns false
 * @runner: this CPU's, for runs that this CPU must process itself; NULL: it must not do so now
 *
 * Context: softirq.
 * Return: false if the flow has left; its packets then take the kernel's path.
 */
bool falcon_transit_take(struct falcon_flow *flow, struct falcon_chain *packets,
			 struct falcon_runner *runner);

/**
 * falcon_transit_process() - the worker's part: process runs, hand in their output
 * @flow: the flow
 * @first: number of the first run
 * @count: number of consecutive runs
 * @runner: this CPU's
 *
 * Context: softirq. Return: packets processed.
 */
unsigned int falcon_transit_process(struct falcon_flow *flow, u32 first,
				    unsigned int count, struct falcon_runner *runner);

/**
 * falcon_transit_deliver() - deliver ready packets
 * @flow: a flow that was queued for delivery
 * @budget: packets, at most but for those that come up behind
 *
 * Context: softirq.
 * Return: packets delivered; or -EAGAIN, and the flow counts as queued still, if the ring of the
 * container's device has no room, or if packets of the last delivery are in another CPU's backlog.
 */
int falcon_transit_deliver(struct falcon_flow *flow, unsigned int budget);

/* The kernel's queues hold nothing more of the flow: admit its packets. Context: softirq. */
void falcon_transit_open(struct falcon_flow *flow);

/**
 * falcon_transit_leave() - demote the flow; it leaves once nothing of it is in flight
 * @flow: the flow
 * @reason: why
 *
 * Context: BH off.
 */
void falcon_transit_leave(struct falcon_flow *flow, enum falcon_reason reason);

/* Results of falcon_transit_release(). */
enum falcon_release {
	FALCON_RELEASE_LEFT,	/* the flow has left now */
	FALCON_RELEASE_EMPTIED,	/* it had left already; packets that came later are processed */
	FALCON_RELEASE_MORE,	/* more packets wait than one call takes: call again at once */
	FALCON_RELEASE_WAITS,	/* earlier packets are in a device's queue or another backlog */
};

/**
 * falcon_transit_release() - let a leaving flow go back to the kernel's path
 * @flow: a flow with nothing in flight but waiting packets
 * @runner: this CPU's; processes the waiting packets
 *
 * Context: softirq, on the flow's home CPU, or where the gate of that CPU is polled while it is
 * offline.
 */
enum falcon_release falcon_transit_release(struct falcon_flow *flow,
					   struct falcon_runner *runner);

#endif /* _FALCON_TRANSIT_H */
