/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU of each flow, by stage: one table per stage, indexed by a hash of flow and device. An
 * entry remembers the CPU. The kernel's own struct rps_dev_flow in it says how far that CPU's
 * backlog must have come for the flow to be drained (RFS's rule).
 *
 * While falcon is enabled no entry is freed, only taken over. Flows that share an entry share its
 * CPU, which keeps each of them in order.
 */

#ifndef _FALCON_RPS_FLOW_H
#define _FALCON_RPS_FLOW_H

#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <net/rps.h>
#include <uapi/linux/falcon.h>

#include "core/stage.h"
#include "flow/packet.h"

#define FALCON_RPS_FLOWS  8192	/* entries per stage, a power of two */

/* After a flow was idle for this time, another flow may take over its entry. */
#define FALCON_RPS_FLOW_IDLE HZ

/*
 * The CPU that runs the preceding stage writes the entry. That is one CPU at a time as long as the
 * flow is in order; flows that share the entry may write it from other CPUs. Any CPU may read any
 * member at any time, hence READ_ONCE() and WRITE_ONCE().
 */
struct falcon_rps_flow {
	/* cpu: the flow's CPU. The kernel writes last_qtail when it queues a packet. */
	struct rps_dev_flow	rflow;
	u32			tag;		/* hash of the owner and its device; 0 is free */
	u32			generation;	/* of the plan at the last assess(), see steer.c */
	u16			from;		/* CPU that ran the preceding stage then */
	/*
	 * 0: packets are queued to rflow.cpu. Otherwise packets stay on the CPU that asks, which is
	 * rflow.cpu, and this is the counter of the reason.
	 */
	u16			here;
	/*
	 * The container's device splits merged packets into a ring. The container's stage sees that
	 * and sets this from any CPU; a new owner clears it.
	 */
	bool			apart;
	bool			merged;		/* a merged packet came since apart was set */
	u32			moves;
	unsigned long		used;		/* jiffies of the last packet */
	unsigned long		moved;		/* jiffies of the last move for load */
	u64			packets;

	/* Written only when the entry changes its owner, while tag is 0. */
	struct falcon_key	key;
	u32			hash;
	int			ifindex;
	u64			netns;
} ____cacheline_aligned;

/**
 * falcon_rps_flows_alloc() - make the tables, with all entries free
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_rps_flows_alloc(void);

/**
 * falcon_rps_flows_free() - free the tables
 * Context: process, under the control mutex; no packet uses the tables any more.
 */
void falcon_rps_flows_free(void);

/* The entry for a hash of flow and device. Context: BH, while falcon is enabled. */
struct falcon_rps_flow *falcon_rps_flow_at(enum falcon_stage stage, u32 hash);

/**
 * falcon_rps_flow_drained() - test if an entry has no packet queued or being processed
 * @flow: an entry with a CPU
 *
 * RFS's test (get_rps_cpu()): the CPU has processed as many packets as had been queued to it when
 * the entry's last packet was queued. An entry of an offline CPU counts as drained, as with RFS:
 * the kernel has handed that CPU's backlog to another one.
 *
 * Context: any. Return: true if it is drained.
 */
bool falcon_rps_flow_drained(const struct falcon_rps_flow *flow);

/**
 * falcon_rps_flow_assign() - give an entry a CPU
 * @flow: entry, which must be drained or have no CPU yet
 * @cpu: the CPU of its packets from now on
 * @here: 0 to queue them there; otherwise the reason to stay (see struct falcon_rps_flow)
 *
 * Context: BH.
 */
void falcon_rps_flow_assign(struct falcon_rps_flow *flow, u16 cpu, u16 here);

/**
 * falcon_rps_flows_settled() - test if all flows have left a CPU, or have come back
 * @cpu: the CPU that flows must have left; FALCON_NO_CPU: all flows must stay where they arrive
 *
 * A drained flow without a packet for a tenth of FALCON_RPS_FLOW_IDLE counts as settled anyway.
 *
 * Context: process. Return: true if all are settled.
 */
bool falcon_rps_flows_settled(u16 cpu);

/*
 * The number of flows with packets in the last second, at the stage that has the most of them.
 * Context: process.
 */
unsigned int falcon_rps_flows_count(void);

/**
 * falcon_rps_flows_walk() - call a function for each entry that a flow owns
 * @from: position to begin at, 0 for the first
 * @call: returns non-zero to stop
 * @data: for @call
 *
 * Context: process; @call must not sleep for long, since disabling waits for it.
 * Return: the position of the entry at which it stopped.
 */
unsigned long falcon_rps_flows_walk(unsigned long from,
				    int (*call)(enum falcon_stage stage,
						const struct falcon_rps_flow *flow, void *data),
				    void *data);

#endif /* _FALCON_RPS_FLOW_H */
