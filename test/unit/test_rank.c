// SPDX-License-Identifier: GPL-2.0
/* Queues by class: the highest first, nobody for ever. */

#include "unit.h"
#include "lanes/rank.h"

struct item {
	struct list_head node;
	unsigned int class, number;
};

static struct item items[FALCON_CLASSES * 1000];
static unsigned int used;

static void add(struct falcon_ranks *ranks, unsigned int class)
{
	struct item *item = &items[used];

	*item = (struct item){ .class = class, .number = used++ };
	falcon_ranks_add(ranks, &item->node, class);
}

/* The next one, which is a packet. */
static struct item *serve(struct falcon_ranks *ranks)
{
	unsigned int class = falcon_ranks_turn(ranks);
	struct item *item = list_entry(falcon_ranks_first(ranks, class), struct item, node);

	assert_int_equal(item->class, class);
	falcon_ranks_pop(ranks, class);
	falcon_ranks_count(ranks, class, 1);
	return item;
}

static void start(struct falcon_ranks *ranks)
{
	used = 0;
	falcon_ranks_init(ranks);
	assert_true(falcon_ranks_empty(ranks));
}

static void ranks__serve_the_highest_class_first_and_each_in_order(void **state)
{
	unsigned int i, class, last = FALCON_CLASSES, number = 0;
	struct falcon_ranks ranks;
	struct item *item;

	start(&ranks);
	for (i = 0; i < 5; i++)
		for (class = 0; class < FALCON_CLASSES; class++)
			add(&ranks, class);
	for (i = 0; i < used; i++) {
		item = serve(&ranks);
		assert_true(item->class < last || (item->class == last && item->number > number));
		last = item->class;
		number = item->number;
	}
	assert_true(falcon_ranks_empty(&ranks));
}

static void ranks__serve_a_class_that_waits_after_a_bound(void **state)
{
	unsigned int i, since[FALCON_CLASSES] = { 0 }, seen[FALCON_CLASSES] = { 0 }, class;
	struct falcon_ranks ranks;

	start(&ranks);
	for (class = 0; class < FALCON_CLASSES; class++)
		for (i = 0; i < 1000; i++)
			add(&ranks, class);
	/* All always wait: nobody is served later than the bound, and one for each other. */
	for (i = 0; i < 900; i++) {
		struct item *item = serve(&ranks);

		for (class = 0; class < FALCON_CLASSES; class++)
			since[class]++;
		assert_true(since[item->class] <= FALCON_AHEAD + FALCON_CLASSES + 1);
		since[item->class] = 0;
		seen[item->class]++;
	}
	for (class = 0; class < FALCON_CLASSES - 1; class++)
		assert_in_range(seen[class], 2, 4);
	/* The highest has nearly all of it. */
	assert_true(seen[class] > 850);
}

static void ranks__owe_nothing_to_who_does_not_wait(void **state)
{
	struct falcon_ranks ranks;
	unsigned int i;

	start(&ranks);
	for (i = 0; i < 2 * FALCON_AHEAD; i++) {
		add(&ranks, 5);
		assert_int_equal(serve(&ranks)->class, 5);
	}
	add(&ranks, 0);
	add(&ranks, 5);
	assert_int_equal(serve(&ranks)->class, 5);
	assert_int_equal(serve(&ranks)->class, 0);
}

/* What a CPU that helps may take is behind what it may not. */
static void ranks__give_from_anywhere_in_a_class(void **state)
{
	struct falcon_ranks ranks;
	unsigned int i;

	start(&ranks);
	for (i = 0; i < 3; i++)
		add(&ranks, 4);
	falcon_ranks_take(&ranks, &items[1].node, 4);
	assert_int_equal(serve(&ranks)->number, 0);
	assert_int_equal(serve(&ranks)->number, 2);
	assert_true(falcon_ranks_empty(&ranks));
	add(&ranks, 4);
	falcon_ranks_take(&ranks, &items[3].node, 4);
	assert_true(falcon_ranks_empty(&ranks));
}

/* A CPU that helps may do nothing of some classes: however long those wait, others have turns. */
static void ranks__find_whose_turn_it_is_of_some_classes(void **state)
{
	const unsigned long classes = 1 << 1 | 1 << 3;
	struct falcon_ranks ranks;
	unsigned int class;

	start(&ranks);
	for (class = 0; class < 5; class++)
		add(&ranks, class);
	assert_int_equal(falcon_ranks_turn_of(&ranks, classes), 3);
	falcon_ranks_count(&ranks, 2, FALCON_AHEAD);
	assert_int_equal(falcon_ranks_turn(&ranks), 0);
	assert_int_equal(falcon_ranks_turn_of(&ranks, classes), 1);
	assert_int_equal(falcon_ranks_turn_of(&ranks, 1 << 3 | 1 << 4), 4);
}

/* One that has waited, was served and comes again begins anew. */
static void ranks__count_from_the_last_turn(void **state)
{
	struct falcon_ranks ranks;
	unsigned int i, turns = 0;

	start(&ranks);
	for (i = 0; i < 4 * FALCON_AHEAD; i++) {
		add(&ranks, 2);
		if (!falcon_ranks_first(&ranks, 1))
			add(&ranks, 1);
		turns += serve(&ranks)->class == 1;
	}
	assert_in_range(turns, 3, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks__serve_the_highest_class_first_and_each_in_order),
		cmocka_unit_test(ranks__serve_a_class_that_waits_after_a_bound),
		cmocka_unit_test(ranks__owe_nothing_to_who_does_not_wait),
		cmocka_unit_test(ranks__count_from_the_last_turn),
		cmocka_unit_test(ranks__give_from_anywhere_in_a_class),
		cmocka_unit_test(ranks__find_whose_turn_it_is_of_some_classes),
	};

	return unit_run(tests);
}
