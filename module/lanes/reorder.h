/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Merges micro-flows in order (mFlow, IPDPS '23, section III), without a tag in the packet. A
 * flow's packets are cut into runs, and a ring holds the runs in the order of their packets. One
 * CPU processes a run. The ring releases a run only after all runs before it.
 *
 * The whole output of a run is known when its processing returns: a packet that was dropped or went
 * elsewhere is simply not in it. So the ring never waits for a packet that does not come.
 *
 * Pure: the unit tests compile it as it is. Every function is called under the lock of the flow
 * that owns the ring.
 */

#ifndef _FALCON_REORDER_H
#define _FALCON_REORDER_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/types.h>

#include "core/chain.h"

#define FALCON_RUNS 64		/* in flight at most, a power of two */

/* Packets of a run at most: what one CPU does in one go. */
#define FALCON_RUN_MAX 128

enum falcon_run_state {
	FALCON_RUN_QUEUED,	/* the newest run may still get packets */
	FALCON_RUN_STARTED,	/* its worker has its packets */
	FALCON_RUN_DONE,	/* holds its output */
};

struct falcon_run {
	struct llist_node	posted;		/* on its way to the lane */
	struct list_head	node;		/* the lane's, while queued there */
	struct falcon_flow	*flow;		/* for the lane */
	struct falcon_chain	packets;	/* queued: to be processed; done: its output */
	u32			number;		/* in its flow, counts on */
	u32			batch;		/* micro-flow that it is a part of */
	u32			bytes;		/* of memory: of its input; done: of its output */
	u32			gave;		/* done: packets of its output */
	u16			taken;		/* packets of its input */
	u16			posts;		/* times that it got some of them */
	u16			worker;		/* CPU */
	u8			prio;		/* in the lane's queue */
	u8			state;		/* enum falcon_run_state */
};

struct falcon_reorder {
	u32			head;		/* number of the oldest run in flight */
	u32			tail;		/* number of the next one */
	u32			taken;		/* input packets of the runs in flight */
	u32			held;		/* output packets that wait for an earlier run */
	u32			bytes;		/* of memory that the runs in flight hold */
	struct falcon_run	runs[FALCON_RUNS];
};

/* The run of a number, which is in flight or @tail. */
static inline struct falcon_run *falcon_reorder_run(struct falcon_reorder *reorder, u32 number)
{
	return &reorder->runs[number % FALCON_RUNS];
}

/* True if no run is in flight. */
static inline bool falcon_reorder_empty(const struct falcon_reorder *reorder)
{
	return reorder->head == reorder->tail;
}

/**
 * falcon_reorder_assign() - give packets to a CPU, as the newest of the flow
 * @reorder: the flow's ring
 * @packets: moved from, up to FALCON_RUN_MAX of them
 * @worker: CPU
 * @batch: micro-flow that they are a part of
 * @run: result: a new run, which the caller queues for @worker; NULL if the packets went into a
 *	run that is queued already
 *
 * Return: packets moved; 0 if the ring is full.
 */
unsigned int falcon_reorder_assign(struct falcon_reorder *reorder, struct falcon_chain *packets,
				   u16 worker, u32 batch, struct falcon_run **run);

/**
 * falcon_reorder_start() - the worker starts a run
 * @run: a queued run
 * @packets: result: its packets are appended
 */
void falcon_reorder_start(struct falcon_run *run, struct falcon_chain *packets);

/*
 * The first run from which on no run was started; @tail if the newest was. Packets that are
 * recalled from there on are behind all others of the flow.
 */
u32 falcon_reorder_untouched(struct falcon_reorder *reorder);

/**
 * falcon_reorder_recall() - take back the packets of a run that was not started
 * @reorder: the flow's ring
 * @run: a run; stays in the ring and in its worker's queue, without packets
 * @packets: result: its packets are appended
 *
 * Return: packets; 0 if the run was started.
 */
unsigned int falcon_reorder_recall(struct falcon_reorder *reorder, struct falcon_run *run,
				   struct falcon_chain *packets);

/**
 * falcon_reorder_finish() - the worker has processed a run
 * @reorder: the flow's ring
 * @run: a run that was started
 * @output: its output; moved from
 * @released: result: packets that may be delivered now are appended
 *
 * A worker that has processed several consecutive runs at once finishes them from first to last,
 * the last one with all the output and the others with none.
 *
 * Return: packets of @output that must wait for an earlier run.
 */
unsigned int falcon_reorder_finish(struct falcon_reorder *reorder, struct falcon_run *run,
				   struct falcon_chain *output, struct falcon_chain *released);

#endif /* _FALCON_REORDER_H */
