/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lane is a CPU's queue of work for flows, with a NAPI instance of its own: runs to process, and
 * flows with packets to deliver. Both are done in the order in which they were posted, higher
 * priorities first.
 *
 * Posting takes no lock: the NIC's CPU must not wait for a worker, whose virtual CPU may not be
 * running at this moment.
 */

#ifndef _FALCON_LANE_H
#define _FALCON_LANE_H

#include <linux/types.h>

struct falcon_chain;
struct falcon_runner;
struct falcon_flow;
struct falcon_lane;
struct falcon_reorder;
struct falcon_run;
struct net_device;

/* What a lane does with its flows. Context: softirq. */
struct falcon_lane_ops {
	/* Process @count consecutive runs from @first on. Return: packets. */
	unsigned int (*process)(struct falcon_flow *flow, u32 first, unsigned int count,
				struct falcon_runner *runner);
	/* Deliver about @budget packets. Return: packets; -EAGAIN: nothing done, try later. */
	int (*deliver)(struct falcon_flow *flow, unsigned int budget);
};

/**
 * falcon_lanes_alloc() - a lane for every possible CPU
 * @dummy: device that the NAPI instances belong to
 * @flow_ops: what a lane does with flows
 *
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_lanes_alloc(struct net_device *dummy, const struct falcon_lane_ops *flow_ops);

/* Stop polling and timers of all lanes; queues keep their entries. Context: process. */
void falcon_lanes_stop(void);

/* Free the lanes. Context: process, after falcon_lanes_stop() and after any wake-up. */
void falcon_lanes_free(void);

/**
 * falcon_lane_queue() - queue a run for a CPU
 * @cpu: the CPU
 * @run: the run
 * @to_wake: lanes to wake, for falcon_lanes_wake(); the CPU's lane is added if it was idle
 *
 * The caller holds the flow's lock. So runs of a flow with the same priority are in the queue in
 * the order of their numbers.
 *
 * Context: softirq.
 */
void falcon_lane_queue(u16 cpu, struct falcon_run *run, struct falcon_lane **to_wake);

/* Queue a flow that has packets ready, in the same way. Context: softirq. */
void falcon_lane_deliver(u16 cpu, struct falcon_flow *flow, struct falcon_lane **to_wake);

/*
 * Wake the CPUs of these lanes. Call it without the flow's lock, which other CPUs wait for: an IPI
 * takes long in a virtual machine. Context: softirq.
 */
void falcon_lanes_wake(struct falcon_lane *to_wake);

/* Count packets that enter a lane's queue, or leave it (@count < 0). Context: BH off. */
void falcon_lane_add(u16 cpu, int count);

/* True if a lane has as many packets queued as it may have. Context: softirq. */
bool falcon_lane_is_full(u16 cpu);

/*
 * Take back the packets of all runs from falcon_reorder_untouched() on, in order. Context: under
 * the flow's lock.
 */
void falcon_lane_recall(struct falcon_reorder *reorder, struct falcon_chain *packets);

/**
 * falcon_lanes_help() - do the work of CPUs that were woken and do not come
 *
 * A virtual CPU that its host does not let run, or one whose softirqs wait behind a real-time task,
 * would hold up its flows. Helping keeps the order: a lane has one owner at a time, on any CPU.
 *
 * Context: softirq, outside of any runner. Return: packets.
 */
unsigned int falcon_lanes_help(void);

/* True if a lane has nothing to do. Context: process, while lanes are allocated. */
bool falcon_lane_is_idle(u16 cpu);

#endif /* _FALCON_LANE_H */
