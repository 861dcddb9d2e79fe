/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A priority queue: a list for each priority, and the highest that has entries comes first. As in
 * Eiffel (NSDI '19), find-first-set finds it. The order is strict up to a bound: after FALCON_AHEAD
 * packets of higher priorities, a priority that waits has its turn.
 *
 * Pure. Used by one CPU at a time.
 */

#ifndef _FALCON_PRIO_QUEUE_H
#define _FALCON_PRIO_QUEUE_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/falcon.h>

/* Priority 0: no rule. Others: the rule's level plus 1. */
#define FALCON_PRIOS (FALCON_LEVEL_MAX + 2)

/* Packets that may go ahead of a waiting priority; an entry that was begun is finished. */
#define FALCON_AHEAD 256

struct falcon_prio_queue {
	struct list_head	list[FALCON_PRIOS];
	unsigned long		waiting;	/* bits of priorities that have entries */
	unsigned long		starved;	/* of these, those whose bound is reached */
	unsigned int		ahead[FALCON_PRIOS];	/* packets that went ahead of each */
};

void falcon_prio_queue_init(struct falcon_prio_queue *queue);

static inline bool falcon_prio_queue_empty(const struct falcon_prio_queue *queue)
{
	return !queue->waiting;
}

/* Add an entry, behind all others of its priority. */
void falcon_prio_queue_add(struct falcon_prio_queue *queue, struct list_head *node,
			   unsigned int prio);

/* The priority among @prios (bits) whose turn it is. At least one of them has entries. */
unsigned int falcon_prio_queue_turn_of(const struct falcon_prio_queue *queue, unsigned long prios);

/* The priority whose turn it is. The queue is not empty. */
static inline unsigned int falcon_prio_queue_turn(const struct falcon_prio_queue *queue)
{
	return falcon_prio_queue_turn_of(queue, queue->waiting);
}

/* The first entry of a priority, or NULL. */
struct list_head *falcon_prio_queue_first(struct falcon_prio_queue *queue, unsigned int prio);

/* Remove an entry. @prio: its priority */
void falcon_prio_queue_take(struct falcon_prio_queue *queue, struct list_head *node,
			    unsigned int prio);

/* Remove the first entry of a priority. */
static inline void falcon_prio_queue_pop(struct falcon_prio_queue *queue, unsigned int prio)
{
	falcon_prio_queue_take(queue, queue->list[prio].next, prio);
}

/* Count a turn: @packets of a priority went ahead of all lower ones that wait. */
void falcon_prio_queue_count(struct falcon_prio_queue *queue, unsigned int prio,
			     unsigned int packets);

#endif /* _FALCON_PRIO_QUEUE_H */
