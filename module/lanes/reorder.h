/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Micro-flows merged in order (mFlow, IPDPS '23, section III), without a tag in the packet: a
 * flow's packets are cut into runs, a ring holds the runs in the order of their packets, each
 * run is processed on one CPU, and a run is released when all before it have been.
 *
 * What a run gave is known when its processing returns, so nothing ever waits for a packet
 * that does not come: one that was dropped or went elsewhere is simply not in the output.
 *
 * Pure but for the lock, which is the caller's: compiled into the unit tests as it is. Every
 * function is called under the lock of the flow that the ring belongs to.
 */

#ifndef _FALCON_REORDER_H
#define _FALCON_REORDER_H

#include <linux/list.h>
#include <linux/llist.h>
#include <linux/types.h>

#include "core/chain.h"

#define FALCON_RUNS 64		/* in flight at most, a power of two */

/* Packets after which a run takes no more: what one CPU does in one go. */
#define FALCON_RUN_MAX 128

enum falcon_run_state {
	FALCON_RUN_QUEUED,	/* may still get packets, until its worker takes them */
	FALCON_RUN_STARTED,
	FALCON_RUN_DONE,
};

struct falcon_run {
	struct llist_node	posted;		/* on its way to the lane */
	struct list_head	node;		/* the lane's, while queued there */
	struct falcon_flow	*flow;		/* the lane's way back */
	struct falcon_chain	packets;	/* queued: to be processed; done: what came of it */
	u32			number;		/* in its flow, counts on */
	u32			batch;		/* micro-flow that it is a part of */
	u32			bytes;		/* of what it was given; done: of what came of it */
	u32			gave;		/* done: packets that came of it */
	u16			taken;		/* packets that it was given */
	u16			posts;		/* in so many goes */
	u16			worker;		/* CPU */
	u8			prio;		/* the lane's: whether it goes ahead of others */
	u8			state;		/* enum falcon_run_state */
};

struct falcon_reorder {
	u32			head;		/* number of the oldest run in flight */
	u32			tail;		/* number of the next one */
	u32			taken;		/* packets given to the runs in flight */
	u32			held;		/* packets that runs other than the head's gave */
	u32			bytes;		/* of memory that the runs in flight hold */
	struct falcon_run	runs[FALCON_RUNS];
};

/* The run of a number, which is in flight or the next one. */
static inline struct falcon_run *falcon_reorder_run(struct falcon_reorder *reorder, u32 number)
{
	return &reorder->runs[number % FALCON_RUNS];
}

/* Whether nothing is in flight. */
static inline bool falcon_reorder_empty(const struct falcon_reorder *reorder)
{
	return reorder->head == reorder->tail;
}

/**
 * falcon_reorder_assign() - give packets to a CPU, as the newest of the flow
 * @merge: the flow's ring
 * @packets: moved from, up to FALCON_RUN_MAX of them
 * @worker: CPU
 * @batch: micro-flow that they are a part of
 * @run: result: a run that is to be queued for @worker, or NULL when the packets went into
 *	one that is queued already
 *
 * Return: packets moved; 0 when the ring is full.
 */
unsigned int falcon_reorder_assign(struct falcon_reorder *reorder, struct falcon_chain *packets,
				   u16 worker, u32 batch, struct falcon_run **run);

/**
 * falcon_reorder_start() - the worker begins with a run
 * @run: a queued run
 * @packets: result: its packets, behind what is there
 */
void falcon_reorder_start(struct falcon_run *run, struct falcon_chain *packets);

/*
 * The number of the first run that no worker has begun with, nor with any behind it: what is taken
 * back from there on is behind all else. That of the next run when there is none.
 */
u32 falcon_reorder_untouched(struct falcon_reorder *reorder);

/**
 * falcon_reorder_recall() - take a run's packets back that no worker has begun with
 * @merge: the flow's ring
 * @run: a run; it stays in the ring and in its worker's queue, and gives nothing
 * @packets: result: its packets, behind what is there
 *
 * Return: packets; 0 when the run was started.
 */
unsigned int falcon_reorder_recall(struct falcon_reorder *reorder, struct falcon_run *run,
				   struct falcon_chain *packets);

/**
 * falcon_reorder_finish() - the worker is through with a run
 * @merge: the flow's ring
 * @run: a run that was started
 * @output: what came of it; moved from
 * @released: result: what may be delivered now, behind what is there
 *
 * A worker that has taken several consecutive runs at once finishes the last one with all
 * the output and those before with none, first to last.
 *
 * Return: packets of @output that must wait for a run before.
 */
unsigned int falcon_reorder_finish(struct falcon_reorder *reorder, struct falcon_run *run,
				   struct falcon_chain *output, struct falcon_chain *released);

#endif /* _FALCON_REORDER_H */
