/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lanes: a queue per CPU of what it has to do for flows, with a NAPI instance of its own.
 * Runs are processed and merged flows are delivered in the order in which they came, those with
 * priority before others.
 *
 * Posting takes no lock: the NIC's CPU must not wait for a worker, which in a virtual machine
 * may not be running at this moment.
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
	/* Process so many runs that follow @first. Return: packets. */
	unsigned int (*process)(struct falcon_flow *flow, u32 first, unsigned int count,
				struct falcon_runner *runner);
	/* Deliver about @budget packets. Return: packets; -EAGAIN: not yet, nothing is done. */
	int (*deliver)(struct falcon_flow *flow, unsigned int budget);
};

/**
 * falcon_lanes_alloc() - a lane for every possible CPU
 * @dummy: device to hang NAPI instances on
 * @flow_ops: for all of them
 *
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_lanes_alloc(struct net_device *dummy, const struct falcon_lane_ops *flow_ops);

/* No lane is polled any more; what is queued stays so. Context: process. */
void falcon_lanes_stop(void);

/* Take the lanes away. Context: process, after falcon_lanes_stop() and any wake-up. */
void falcon_lanes_free(void);

/**
 * falcon_lane_queue() - queue a run for a CPU
 * @cpu: the CPU
 * @run: the run
 * @rested: lanes that had nothing to do are put before these: falcon_lanes_wake() is to be called
 *
 * The flow's lock is held, which makes the order of its runs in the queue that of their numbers,
 * as long as their class is the same.
 *
 * Context: softirq.
 */
void falcon_lane_queue(u16 cpu, struct falcon_run *run, struct falcon_lane **to_wake);

/* Queue a flow that has packets ready, likewise. Context: softirq. */
void falcon_lane_deliver(u16 cpu, struct falcon_flow *flow, struct falcon_lane **to_wake);

/*
 * Wake the CPUs of these lanes. An IPI takes long in a virtual machine, so this is for after the
 * flow's lock, which other CPUs wait for. Context: softirq.
 */
void falcon_lanes_wake(struct falcon_lane *to_wake);

/* Packets came to a lane's queue, or left it (@count below 0). Context: softirq. */
void falcon_lane_add(u16 cpu, int count);

/* Whether a lane has as many packets queued as it may. Context: softirq. */
bool falcon_lane_is_full(u16 cpu);

/* What no worker of a flow has begun with, in order. Context: under the lock of the flow. */
void falcon_lane_recall(struct falcon_reorder *reorder, struct falcon_chain *packets);

/**
 * falcon_lanes_help() - do what CPUs were woken for that stand still
 *
 * A virtual CPU whose host does not let it run, or one whose softirqs wait behind a real-time task,
 * would hold up its flows. In order: a lane is one CPU's at a time, whichever.
 *
 * Context: softirq, in no context. Return: packets.
 */
unsigned int falcon_lanes_help(void);

/* Whether a lane has nothing to do. Context: process, while allocated. */
bool falcon_lane_is_idle(u16 cpu);

#endif /* _FALCON_LANE_H */
