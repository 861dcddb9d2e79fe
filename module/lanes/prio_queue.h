/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues by class, the highest first (found by find-first-set, as Eiffel does: NSDI '19).
 * Strict, but for a bound: a class that waits has its turn when so many packets of higher ones
 * went ahead.
 *
 * Pure, and used by one CPU at a time.
 */

#ifndef _FALCON_PRIO_QUEUE_H
#define _FALCON_PRIO_QUEUE_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/falcon.h>

/* 0 without a rule, otherwise the rule's level and 1. */
#define FALCON_PRIOS (FALCON_LEVEL_MAX + 2)

/* Packets that go ahead of a class that waits, at most, but for the end of what was begun. */
#define FALCON_AHEAD 256

struct falcon_prio_queue {
	struct list_head	list[FALCON_PRIOS];
	unsigned long		waiting;	/* bits of the classes that have something */
	unsigned long		starved;	/* of those that have waited for too long */
	unsigned int		ahead[FALCON_PRIOS];	/* packets that went ahead of it */
};

void falcon_prio_queue_init(struct falcon_prio_queue *queue);

static inline bool falcon_prio_queue_empty(const struct falcon_prio_queue *queue)
{
	return !queue->waiting;
}

/* Put something behind all that is of its class. */
void falcon_prio_queue_add(struct falcon_prio_queue *queue, struct list_head *node,
			   unsigned int prio);

/* The class whose turn it is, of these (bits). Context: in one of them something waits. */
unsigned int falcon_prio_queue_turn_of(const struct falcon_prio_queue *queue, unsigned long prios);

/* The class whose turn it is. Context: something waits. */
static inline unsigned int falcon_prio_queue_turn(const struct falcon_prio_queue *queue)
{
	return falcon_prio_queue_turn_of(queue, queue->waiting);
}

/* What waits first in a class, or NULL. */
struct list_head *falcon_prio_queue_first(struct falcon_prio_queue *queue, unsigned int prio);

/* Take something off that waits in a class. */
void falcon_prio_queue_take(struct falcon_prio_queue *queue, struct list_head *node,
			    unsigned int prio);

/* Take off what waits first. */
static inline void falcon_prio_queue_pop(struct falcon_prio_queue *queue, unsigned int prio)
{
	falcon_prio_queue_take(queue, queue->list[prio].next, prio);
}

/* So many packets of a class had their turn. */
void falcon_prio_queue_count(struct falcon_prio_queue *queue, unsigned int prio,
			     unsigned int packets);

#endif /* _FALCON_PRIO_QUEUE_H */
