// SPDX-License-Identifier: GPL-2.0

#include <linux/bitops.h>

#include "lanes/rank.h"

void falcon_ranks_init(struct falcon_ranks *ranks)
{
	unsigned int class;

	*ranks = (struct falcon_ranks){};
	for (class = 0; class < FALCON_CLASSES; class++)
		INIT_LIST_HEAD(&ranks->queue[class]);
}

void falcon_ranks_add(struct falcon_ranks *ranks, struct list_head *node, unsigned int class)
{
	list_add_tail(node, &ranks->queue[class]);
	ranks->waiting |= 1UL << class;
}

unsigned int falcon_ranks_turn_of(const struct falcon_ranks *ranks, unsigned long classes)
{
	unsigned long starved = ranks->starved & classes;

	return starved ? __ffs(starved) : __fls(ranks->waiting & classes);
}

struct list_head *falcon_ranks_first(struct falcon_ranks *ranks, unsigned int class)
{
	return list_empty(&ranks->queue[class]) ? NULL : ranks->queue[class].next;
}

void falcon_ranks_take(struct falcon_ranks *ranks, struct list_head *node, unsigned int class)
{
	list_del(node);
	if (!list_empty(&ranks->queue[class]))
		return;
	ranks->waiting &= ~(1UL << class);
	ranks->starved &= ~(1UL << class);
	ranks->ahead[class] = 0;
}

void falcon_ranks_count(struct falcon_ranks *ranks, unsigned int class, unsigned int packets)
{
	unsigned long below = ranks->waiting & ((1UL << class) - 1);
	unsigned int other;

	ranks->ahead[class] = 0;
	ranks->starved &= ~(1UL << class);
	for (; below; below &= below - 1) {
		other = __ffs(below);
		ranks->ahead[other] += packets;
		if (ranks->ahead[other] >= FALCON_AHEAD)
			ranks->starved |= 1UL << other;
	}
}
