/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the flows are: a table per stage, indexed by a hash of flow and device. An entry
 * remembers the CPU and, in the kernel's own struct rps_dev_flow, how far that CPU's backlog
 * must have come for the flow to be drained (RFS's rule).
 *
 * An entry is never freed while falcon is enabled, only taken over. Flows that share one
 * share its CPU: that keeps each of them in order.
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

/* A flow that was idle for so long gives its entry to the next one that wants it. */
#define FALCON_RPS_FLOW_IDLE HZ

/*
 * Written by the CPU that runs the stage before, which is one at a time as long as the flow
 * is in order; other writers are flows that share the entry. Every member may be read at any
 * time from anywhere, so all are accessed with READ_ONCE() and WRITE_ONCE().
 */
struct falcon_rps_flow {
	/* The kernel writes last_qtail when it queues a packet; cpu is the flow's CPU. */
	struct rps_dev_flow	rflow;
	u32			tag;		/* hash of the owner and its device; 0 is free */
	u32			generation;	/* of the last assessment, see steer.c */
	u16			from;		/* CPU that ran the stage before at that time */
	/*
	 * 0 when packets are queued to rflow.cpu; otherwise they stay on the CPU that asks,
	 * which is rflow.cpu, and this is the counter that tells why.
	 */
	u16			here;
	/*
	 * The container's device takes merged packets apart into a ring, as its own stage has
	 * seen: written there, by any CPU, and cleared with a new owner.
	 */
	bool			apart;
	bool			merged;		/* some of its packets were, since then */
	u32			moves;
	unsigned long		used;		/* jiffies of the last packet */
	unsigned long		moved;		/* jiffies of the last move for load */
	u64			packets;

	/* Written when the entry changes its owner, while tag is 0. */
	struct falcon_key	key;
	u32			hash;
	int			ifindex;
	u64			netns;
} ____cacheline_aligned;

/**
 * falcon_rps_flows_alloc() - make the tables, all entries free
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_rps_flows_alloc(void);

/**
 * falcon_rps_flows_free() - free the tables
 * Context: process, under the control mutex; no packet path may run any more.
 */
void falcon_rps_flows_free(void);

/* The entry for a hash of flow and device. Context: BH, while falcon is enabled. */
struct falcon_rps_flow *falcon_rps_flow_at(enum falcon_stage stage, u32 hash);

/**
 * falcon_rps_flow_drained() - whether no packet of an entry is queued or in work any more
 * @flow: an entry with a CPU
 *
 * RFS's test (get_rps_cpu()): the CPU has processed as many packets as had been queued there
 * when the entry's last one was. A CPU that is offline gave its queue away.
 *
 * Context: any.
 */
bool falcon_rps_flow_drained(const struct falcon_rps_flow *flow);

/**
 * falcon_rps_flow_assign() - give an entry a CPU; only when it is drained, or has none yet
 * @flow: entry
 * @cpu: where its packets go from now on
 * @here: 0 to queue them there, else why they stay (see struct falcon_rps_flow)
 *
 * Context: BH.
 */
void falcon_rps_flow_assign(struct falcon_rps_flow *flow, u16 cpu, u16 here);

/**
 * falcon_rps_flows_settled() - whether every flow is where it is to be
 * @cpu: only flows on this CPU, or FALCON_NO_CPU: flows that are queued to any
 *
 * A flow that is drained and had no packet for a tenth of FALCON_RPS_FLOW_IDLE counts as settled.
 *
 * Context: process.
 */
bool falcon_rps_flows_settled(u16 cpu);

/*
 * Flows with packets in the last second, by the stage that sees the most of them. Context:
 * process.
 */
unsigned int falcon_rps_flows_count(void);

/**
 * falcon_rps_flows_walk() - call a function for each entry that a flow owns
 * @from: position to begin at, 0 for the first
 * @call: returns non-zero to stop
 * @data: for @call
 *
 * Context: process; @call may not sleep for long, disabling waits for it.
 * Return: the position where it stopped.
 */
unsigned long falcon_rps_flows_walk(unsigned long from,
				    int (*call)(enum falcon_stage stage,
						const struct falcon_rps_flow *flow, void *data),
				    void *data);

#endif /* _FALCON_RPS_FLOW_H */
