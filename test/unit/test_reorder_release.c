// SPDX-License-Identifier: GPL-2.0
/*
 * The ring releases its runs' packets in order, and gives back runs that no worker has started;
 * calls one after the other. test_reorder_model tries every order of calls.
 */

#include "run.h"

static int start(void **state)
{
	return run_begin();
}

static int stop(void **state)
{
	series_end();
	return 0;
}

static void finish__head_is_released_at_once(void **state)
{
	struct falcon_run *run = run_new(1, 1, 4);
	struct falcon_chain released = run_finish_some(run, 4, 0);

	series_expect(&released, 0, 4);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken, 0);
	assert_int_equal(reorder.held, 0);
}

static void finish__goes_behind_what_was_released(void **state)
{
	struct falcon_chain released = series_chain(2), output;
	struct falcon_run *run = run_new(1, 1, 2);

	output = run_start(run);
	assert_int_equal(falcon_reorder_finish(&reorder, run, &output, &released), 0);
	series_expect(&released, 0, 4);
}

static void finish__smaller_output_counts_as_it_is(void **state)
{
	struct falcon_run *first = run_new(1, 1, 4), *second = run_new(2, 2, 4);
	struct falcon_chain released = run_finish_some(second, 1, 1);

	series_expect(&released, 0, 0);
	assert_int_equal(reorder.held, 1);
	assert_int_equal(reorder.taken, 8);
	released = run_finish_some(first, 0, 0);
	series_expect(&released, 4, 1);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.taken, 0);
}

static void finish__nothing_left_of_all_releases_nothing(void **state)
{
	struct falcon_run *first = run_new(1, 1, 3), *second = run_new(2, 2, 3);
	struct falcon_chain released = run_finish_some(second, 0, 0);

	series_expect(&released, 0, 0);
	assert_int_equal(reorder.tail - reorder.head, 2);
	released = run_finish_some(first, 0, 0);
	series_expect(&released, 0, 0);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken, 0);
}

static void finish__last_to_first_is_held_to_the_end(void **state)
{
	struct falcon_chain released;
	struct falcon_run *runs[5];
	unsigned int i;

	for (i = 0; i < 5; i++)
		runs[i] = run_new(i, i, 2);
	for (i = 5; --i > 0;) {
		released = run_finish_some(runs[i], 2, 2);
		series_expect(&released, 0, 0);
		assert_int_equal(reorder.held, 2 * (5 - i));
		assert_int_equal(reorder.taken, 10);
	}
	released = run_finish_some(runs[0], 2, 0);
	series_expect(&released, 0, 10);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.taken, 0);
	assert_true(falcon_reorder_empty(&reorder));
}

static void finish__stops_at_the_first_that_is_not_done(void **state)
{
	struct falcon_run *runs[4];
	struct falcon_chain released, third;
	unsigned int i;

	for (i = 0; i < 4; i++)
		runs[i] = run_new(i, i, 2);
	run_finish_some(runs[1], 2, 2);
	run_finish_some(runs[3], 2, 2);
	third = run_start(runs[2]);
	released = run_finish_some(runs[0], 2, 0);
	series_expect(&released, 0, 4);
	assert_int_equal(reorder.held, 2);
	assert_int_equal(reorder.taken, 4);
	assert_int_equal(reorder.head, 2);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[2], &third, &released), 0);
	series_expect(&released, 0, 8);
	assert_true(falcon_reorder_empty(&reorder));
}

/* When a device is deleted, the ring's owner removes its packets. */
static void finish__what_is_gone_meanwhile_is_counted_down(void **state)
{
	struct falcon_run *first = run_new(1, 1, 2), *second = run_new(2, 2, 3);
	struct falcon_chain released = run_finish_some(second, 3, 3);

	falcon_chain_pop(&second->packets);
	falcon_chain_pop(&first->packets);
	released = run_finish_some(first, 1, 0);
	assert_int_equal(released.count, 3);
	assert_int_equal(series_number(released.first), 1);
	assert_int_equal(series_number(released.last), 4);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.taken, 0);
}

/* Runs that no worker has started return in order, even if a run between them was started. */
static void recall__takes_what_is_queued(void **state)
{
	struct falcon_run *runs[] = { run_new(1, 1, 2), run_new(2, 2, 3), run_new(1, 3, 4) };
	struct falcon_chain begun = run_start(runs[1]), back = {}, none = {}, released = {};

	assert_int_equal(falcon_reorder_untouched(&reorder), runs[2]->number);
	assert_int_equal(falcon_reorder_recall(&reorder, runs[0], &back), 2);
	assert_int_equal(falcon_reorder_recall(&reorder, runs[1], &back), 0);
	series_expect(&back, 0, 2);
	assert_int_equal(falcon_reorder_recall(&reorder, runs[2], &back), 4);
	assert_int_equal(back.count, 6);
	assert_int_equal(series_number(back.last), 8);
	assert_int_equal(reorder.taken, 3);
	/* The recalled runs stay in the ring and release no packets. */
	assert_int_equal(falcon_reorder_finish(&reorder, runs[1], &begun, &released), 3);
	falcon_reorder_start(runs[0], &none);
	assert_int_equal(none.count, 0);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[0], &none, &released), 0);
	series_expect(&released, 2, 3);
	falcon_reorder_start(runs[2], &none);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[2], &none, &released), 0);
	assert_int_equal(released.count, 3);
	assert_int_equal(reorder.taken, 0);
	assert_int_equal(reorder.held, 0);
	assert_true(falcon_reorder_empty(&reorder));
}

/* Finishes several runs at once, as a worker does with consecutive runs. */
static void finish_together(unsigned int held)
{
	struct falcon_chain output = {}, none = {}, released = {};
	struct falcon_run *before = held ? run_new(9, 9, 1) : NULL, *runs[3];
	unsigned int i, first = series_used;

	for (i = 0; i < 3; i++) {
		runs[i] = run_new(1, i, 2);
		falcon_reorder_start(runs[i], &output);
	}
	series_expect(&output, first, 6);
	for (i = 0; i < 2; i++)
		assert_int_equal(falcon_reorder_finish(&reorder, runs[i], &none, &released), 0);
	series_expect(&released, 0, 0);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[2], &output, &released), held);
	assert_int_equal(reorder.held, held);
	if (before) {
		series_expect(&released, 0, 0);
		assert_int_equal(reorder.taken, 7);
		released = run_finish_some(before, 1, 0);
		first--;
	}
	series_expect(&released, first, held ? 7 : 6);
	assert_int_equal(reorder.taken, 0);
	assert_true(falcon_reorder_empty(&reorder));
}

static void finish__several_at_once_from_the_head(void **state)
{
	finish_together(0);
}

static void finish__several_at_once_behind_another_one(void **state)
{
	finish_together(6);
}

/* The memory of a run's input, and after its processing of its output. */
static void ring__counts_the_memory_of_its_runs(void **state)
{
	struct falcon_run *first = run_new(1, 1, 4), *second = run_new(2, 2, 4);
	struct falcon_chain chain, released = {}, output = {};
	struct falcon_run *third = run_new(3, 3, 1);

	assert_int_equal(reorder.bytes, series_memory(0, 9));
	run_more(3, 3, 2);
	assert_int_equal(reorder.bytes, series_memory(0, 11));
	chain = run_start(second);
	assert_int_equal(reorder.bytes, series_memory(0, 11));
	/* One packet remains, and it is larger than all of them were. */
	falcon_chain_cut(&output, &chain, 1);
	output.first->truesize += 5000;
	output.bytes += 5000;
	falcon_reorder_finish(&reorder, second, &output, &released);
	assert_int_equal(reorder.bytes, series_memory(0, 5) + 5000 + series_memory(8, 3));
	chain = run_start(first);
	falcon_reorder_finish(&reorder, first, &chain, &released);
	assert_int_equal(released.bytes, series_memory(0, 5) + 5000);
	assert_int_equal(reorder.bytes, series_memory(8, 3));
	run_finish_some(third, 0, 0);
	assert_int_equal(reorder.bytes, 0);
}

/* As if so many runs had been assigned before. */
static void numbers_begin_at(u32 number)
{
	reorder.head = number;
	reorder.tail = number;
}

static void numbers__wrap_with_a_full_ring_held(void **state)
{
	struct falcon_chain released;
	struct falcon_run *runs[FALCON_RUNS], *none;
	unsigned int i;

	numbers_begin_at(UINT32_MAX - 1);
	for (i = 0; i < FALCON_RUNS; i++) {
		runs[i] = run_new(i % 3, i, 1);
		assert_int_equal(runs[i]->number, UINT32_MAX - 1 + i);
	}
	released = series_chain(1);
	assert_int_equal(falcon_reorder_assign(&reorder, &released, 1, FALCON_RUNS, &none), 0);
	for (i = FALCON_RUNS; --i > 0;)
		run_finish_some(runs[i], 1, 1);
	assert_int_equal(reorder.held, FALCON_RUNS - 1);
	released = run_finish_some(runs[0], 1, 0);
	series_expect(&released, 0, FALCON_RUNS);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.head, FALCON_RUNS - 2);
}

static void numbers__wrap_one_at_a_time_keeps_the_open_run(void **state)
{
	struct falcon_run *run;
	struct falcon_chain released;
	unsigned int i;

	numbers_begin_at(UINT32_MAX - 1);
	for (i = 0; i < 4; i++) {
		run = run_new(1, 1, 1);
		assert_int_equal(run->number, UINT32_MAX - 1 + i);
		run_more(1, 1, 1);
		released = run_finish_some(run, 2, 0);
		series_expect(&released, 2 * i, 2);
	}
	assert_int_equal(reorder.head, 2);
}

/* The number of packets in runs that wait for their worker. */
static unsigned int queued(void)
{
	unsigned int count = 0;
	u32 i;

	for (i = reorder.head; i != reorder.tail; i++) {
		if (reorder.runs[i % FALCON_RUNS].state == FALCON_RUN_QUEUED)
			count += reorder.runs[i % FALCON_RUNS].taken;
	}
	return count;
}

/* Finish a random run of @waiting. Adds the released packets to @out. Return: the lost packets. */
static unsigned int finish_any(struct falcon_run **waiting, unsigned int waits, uint32_t *seed,
			       unsigned int *out)
{
	unsigned int i = unit_random(seed) % waits;
	struct falcon_run *run = waiting[i];
	unsigned int count = unit_random(seed) % (run->taken + 1), lost = run->taken - count;
	static unsigned int last;
	struct falcon_chain released;

	if (!*out)
		last = 0;
	waiting[i] = waiting[waits - 1];
	released = run_finish_some(run, count, run->number == reorder.head ? 0 : count);
	for (; released.count; ++*out) {
		i = series_number(falcon_chain_pop(&released)) + 1;
		assert_true(i > last);
		last = i;
	}
	return lost;
}

static void random__is_in_order_and_adds_up(void **state)
{
	unsigned int round, count, fits, waits = 0, out = 0, lost = 0, full = 0;
	struct falcon_run *waiting[FALCON_RUNS], *run;
	struct falcon_chain chain;
	uint32_t seed = 1;

	numbers_begin_at(UINT32_MAX - 100);
	for (round = 0; round < 20000; round++) {
		count = unit_random(&seed) % 4;
		if (series_used + count <= PACKETS &&
		    unit_random(&seed) % 4 < 1 + round / 500 % 2 * 2) {
			chain = series_chain(count);
			fits = falcon_reorder_assign(&reorder, &chain, unit_random(&seed) % 3,
						     unit_random(&seed) % 2, &run);
			if (run)
				waiting[waits++] = run;
			if (fits < count) {
				assert_int_equal(reorder.tail - reorder.head, FALCON_RUNS);
				full++;
			}
			series_used -= count - fits;
		} else if (waits) {
			lost += finish_any(waiting, waits--, &seed, &out);
		}
		assert_in_range(reorder.tail - reorder.head, waits, FALCON_RUNS);
		assert_true(reorder.taken >= queued() + reorder.held);
		assert_int_equal(series_used, out + lost + queued() + reorder.held);
	}
	while (waits)
		lost += finish_any(waiting, waits--, &seed, &out);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken + reorder.held + reorder.bytes, 0);
	assert_int_equal(series_used, out + lost);
	assert_true(out > 1000 && lost > 1000 && full > 100 && reorder.tail < UINT32_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(finish__head_is_released_at_once),
		unit_case(finish__goes_behind_what_was_released),
		unit_case(finish__smaller_output_counts_as_it_is),
		unit_case(finish__nothing_left_of_all_releases_nothing),
		unit_case(finish__last_to_first_is_held_to_the_end),
		unit_case(finish__stops_at_the_first_that_is_not_done),
		unit_case(finish__what_is_gone_meanwhile_is_counted_down),
		unit_case(recall__takes_what_is_queued),
		unit_case(finish__several_at_once_from_the_head),
		unit_case(finish__several_at_once_behind_another_one),
		unit_case(ring__counts_the_memory_of_its_runs),
		unit_case(numbers__wrap_with_a_full_ring_held),
		unit_case(numbers__wrap_one_at_a_time_keeps_the_open_run),
		unit_case(random__is_in_order_and_adds_up),
	};

	return unit_run(tests);
}
