/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues by class, the highest first (found by find-first-set, as Eiffel does: NSDI '19).
 * Strict, but for a bound: a class that waits has its turn when so many packets of higher ones
 * went ahead.
 *
 * Pure, and used by one CPU at a time.
 */

#ifndef _FALCON_RANK_H
#define _FALCON_RANK_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/falcon.h>

/* 0 without a rule, otherwise the rule's level and 1. */
#define FALCON_CLASSES (FALCON_LEVEL_MAX + 2)

/* Packets that go ahead of a class that waits, at most, but for the end of what was begun. */
#define FALCON_AHEAD 256

struct falcon_ranks {
	struct list_head	queue[FALCON_CLASSES];
	unsigned long		waiting;	/* bits of the classes that have something */
	unsigned long		starved;	/* of those that have waited for too long */
	unsigned int		ahead[FALCON_CLASSES];	/* packets that went ahead of it */
};

void falcon_ranks_init(struct falcon_ranks *ranks);

static inline bool falcon_ranks_empty(const struct falcon_ranks *ranks)
{
	return !ranks->waiting;
}

/* Put something behind all that is of its class. */
void falcon_ranks_add(struct falcon_ranks *ranks, struct list_head *node, unsigned int class);

/* The class whose turn it is, of these (bits). Context: in one of them something waits. */
unsigned int falcon_ranks_turn_of(const struct falcon_ranks *ranks, unsigned long classes);

/* The class whose turn it is. Context: something waits. */
static inline unsigned int falcon_ranks_turn(const struct falcon_ranks *ranks)
{
	return falcon_ranks_turn_of(ranks, ranks->waiting);
}

/* What waits first in a class, or NULL. */
struct list_head *falcon_ranks_first(struct falcon_ranks *ranks, unsigned int class);

/* Take something off that waits in a class. */
void falcon_ranks_take(struct falcon_ranks *ranks, struct list_head *node, unsigned int class);

/* Take off what waits first. */
static inline void falcon_ranks_pop(struct falcon_ranks *ranks, unsigned int class)
{
	falcon_ranks_take(ranks, ranks->queue[class].next, class);
}

/* So many packets of a class had their turn. */
void falcon_ranks_count(struct falcon_ranks *ranks, unsigned int class, unsigned int packets);

#endif /* _FALCON_RANK_H */
