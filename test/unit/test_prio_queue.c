// SPDX-License-Identifier: GPL-2.0
/* Queues by priority: the highest first, but none waits for ever. */

#include "lanes/prio_queue.h"
#include "unit.h"

struct item {
	struct list_head node;
	unsigned int prio, number;
};

static struct item items[FALCON_PRIOS * 1000];
static unsigned int used;

static void add(struct falcon_prio_queue *queue, unsigned int prio)
{
	struct item *item = &items[used];

	*item = (struct item){ .prio = prio, .number = used++ };
	falcon_prio_queue_add(queue, &item->node, prio);
}

/* The next packet. */
static struct item *serve(struct falcon_prio_queue *queue)
{
	unsigned int prio = falcon_prio_queue_turn(queue);
	struct item *item = list_entry(falcon_prio_queue_first(queue, prio), struct item, node);

	assert_int_equal(item->prio, prio);
	falcon_prio_queue_pop(queue, prio);
	falcon_prio_queue_count(queue, prio, 1);
	return item;
}

static void start(struct falcon_prio_queue *queue)
{
	used = 0;
	falcon_prio_queue_init(queue);
	assert_true(falcon_prio_queue_empty(queue));
}

static void prio_queue__serve_the_highest_priority_first_and_each_in_order(void **state)
{
	unsigned int i, prio, last = FALCON_PRIOS, number = 0;
	struct falcon_prio_queue queue;
	struct item *item;

	start(&queue);
	for (i = 0; i < 5; i++)
		for (prio = 0; prio < FALCON_PRIOS; prio++)
			add(&queue, prio);
	for (i = 0; i < used; i++) {
		item = serve(&queue);
		assert_true(item->prio < last || (item->prio == last && item->number > number));
		last = item->prio;
		number = item->number;
	}
	assert_true(falcon_prio_queue_empty(&queue));
}

static void prio_queue__serve_a_priority_that_waits_after_a_bound(void **state)
{
	unsigned int i, since[FALCON_PRIOS] = { 0 }, seen[FALCON_PRIOS] = { 0 }, prio;
	struct falcon_prio_queue queue;

	start(&queue);
	for (prio = 0; prio < FALCON_PRIOS; prio++)
		for (i = 0; i < 1000; i++)
			add(&queue, prio);
	/*
	 * All priorities always have packets: none waits longer than the bound, plus a turn for
	 * each other priority.
	 */
	for (i = 0; i < 900; i++) {
		struct item *item = serve(&queue);

		for (prio = 0; prio < FALCON_PRIOS; prio++)
			since[prio]++;
		assert_true(since[item->prio] <= FALCON_AHEAD + FALCON_PRIOS + 1);
		since[item->prio] = 0;
		seen[item->prio]++;
	}
	for (prio = 0; prio < FALCON_PRIOS - 1; prio++)
		assert_in_range(seen[prio], 2, 4);
	/* The highest priority gets nearly all turns. */
	assert_true(seen[prio] > 850);
}

static void prio_queue__owe_nothing_to_an_empty_priority(void **state)
{
	struct falcon_prio_queue queue;
	unsigned int i;

	start(&queue);
	for (i = 0; i < 2 * FALCON_AHEAD; i++) {
		add(&queue, 5);
		assert_int_equal(serve(&queue)->prio, 5);
	}
	add(&queue, 0);
	add(&queue, 5);
	assert_int_equal(serve(&queue)->prio, 5);
	assert_int_equal(serve(&queue)->prio, 0);
}

/* Entries that a helping CPU may take stand behind others that it may not take. */
static void prio_queue__give_from_anywhere_in_a_priority(void **state)
{
	struct falcon_prio_queue queue;
	unsigned int i;

	start(&queue);
	for (i = 0; i < 3; i++)
		add(&queue, 4);
	falcon_prio_queue_take(&queue, &items[1].node, 4);
	assert_int_equal(serve(&queue)->number, 0);
	assert_int_equal(serve(&queue)->number, 2);
	assert_true(falcon_prio_queue_empty(&queue));
	add(&queue, 4);
	falcon_prio_queue_take(&queue, &items[3].node, 4);
	assert_true(falcon_prio_queue_empty(&queue));
}

/* A helping CPU may not serve some priorities. However long these wait, the others get turns. */
static void prio_queue__find_whose_turn_it_is_of_some_priorities(void **state)
{
	const unsigned long classes = 1 << 1 | 1 << 3;
	struct falcon_prio_queue queue;
	unsigned int prio;

	start(&queue);
	for (prio = 0; prio < 5; prio++)
		add(&queue, prio);
	assert_int_equal(falcon_prio_queue_turn_of(&queue, classes), 3);
	falcon_prio_queue_count(&queue, 2, FALCON_AHEAD);
	assert_int_equal(falcon_prio_queue_turn(&queue), 0);
	assert_int_equal(falcon_prio_queue_turn_of(&queue, classes), 1);
	assert_int_equal(falcon_prio_queue_turn_of(&queue, 1 << 3 | 1 << 4), 4);
}

/* A priority that has been served starts its wait anew. */
static void prio_queue__count_from_the_last_turn(void **state)
{
	struct falcon_prio_queue queue;
	unsigned int i, turns = 0;

	start(&queue);
	for (i = 0; i < 4 * FALCON_AHEAD; i++) {
		add(&queue, 2);
		if (!falcon_prio_queue_first(&queue, 1))
			add(&queue, 1);
		turns += serve(&queue)->prio == 1;
	}
	assert_in_range(turns, 3, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prio_queue__serve_the_highest_priority_first_and_each_in_order),
		cmocka_unit_test(prio_queue__serve_a_priority_that_waits_after_a_bound),
		cmocka_unit_test(prio_queue__owe_nothing_to_an_empty_priority),
		cmocka_unit_test(prio_queue__count_from_the_last_turn),
		cmocka_unit_test(prio_queue__give_from_anywhere_in_a_priority),
		cmocka_unit_test(prio_queue__find_whose_turn_it_is_of_some_priorities),
	};

	return unit_run(tests);
}
