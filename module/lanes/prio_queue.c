// SPDX-License-Identifier: GPL-2.0

#include <linux/bitops.h>

#include "lanes/prio_queue.h"

void falcon_prio_queue_init(struct falcon_prio_queue *queue)
{
	unsigned int prio;

	*queue = (struct falcon_prio_queue){};
	for (prio = 0; prio < FALCON_PRIOS; prio++)
		INIT_LIST_HEAD(&queue->list[prio]);
}

void falcon_prio_queue_add(struct falcon_prio_queue *queue, struct list_head *node,
			   unsigned int prio)
{
	list_add_tail(node, &queue->list[prio]);
	queue->waiting |= 1UL << prio;
}

unsigned int falcon_prio_queue_turn_of(const struct falcon_prio_queue *queue, unsigned long prios)
{
	unsigned long starved = queue->starved & prios;

	return starved ? __ffs(starved) : __fls(queue->waiting & prios);
}

struct list_head *falcon_prio_queue_first(struct falcon_prio_queue *queue, unsigned int prio)
{
	return list_empty(&queue->list[prio]) ? NULL : queue->list[prio].next;
}

void falcon_prio_queue_take(struct falcon_prio_queue *queue, struct list_head *node,
			    unsigned int prio)
{
	list_del(node);
	if (!list_empty(&queue->list[prio]))
		return;
	queue->waiting &= ~(1UL << prio);
	queue->starved &= ~(1UL << prio);
	queue->ahead[prio] = 0;
}

void falcon_prio_queue_count(struct falcon_prio_queue *queue, unsigned int prio,
			     unsigned int packets)
{
	unsigned long below = queue->waiting & ((1UL << prio) - 1);
	unsigned int other;

	queue->ahead[prio] = 0;
	queue->starved &= ~(1UL << prio);
	for (; below; below &= below - 1) {
		other = __ffs(below);
		queue->ahead[other] += packets;
		if (queue->ahead[other] >= FALCON_AHEAD)
			queue->starved |= 1UL << other;
	}
}
