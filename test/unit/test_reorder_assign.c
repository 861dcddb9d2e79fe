// SPDX-License-Identifier: GPL-2.0
/*
 * The ring takes packets into runs, and a worker starts a run; calls one after the other.
 * test_reorder_model tries every order of calls.
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

static void assign__no_packets_take_no_run(void **state)
{
	struct falcon_chain none = {};
	struct falcon_run *run = &reorder.runs[0];

	assert_int_equal(falcon_reorder_assign(&reorder, &none, 1, 1, &run), 0);
	assert_null(run);
	assert_true(falcon_reorder_empty(&reorder));
}

static void assign__new_run_says_all_about_it(void **state)
{
	struct falcon_run *run = run_new(3, 7, 5);

	series_expect(&run->packets, 0, 5);
	assert_int_equal(run->number, 0);
	assert_int_equal(run->batch, 7);
	assert_int_equal(run->taken, 5);
	assert_int_equal(run->worker, 3);
	assert_int_equal(run->state, FALCON_RUN_QUEUED);
	assert_false(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken, 5);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.tail - reorder.head, 1);
}

/* Members of a run that belong to its lane stay unchanged. */
static void assign__leaves_the_lane_s_members(void **state)
{
	struct list_head *node = &reorder.runs[0].node;

	INIT_LIST_HEAD(node);
	reorder.runs[0].flow = (struct falcon_flow *)&reorder;
	assert_ptr_equal(run_new(1, 1, 1), &reorder.runs[0]);
	run_more(1, 1, 1);
	run_finish_some(&reorder.runs[0], 2, 0);
	assert_true(node->next == node && node->prev == node);
	assert_ptr_equal(reorder.runs[0].flow, &reorder);
}

static void assign__queued_run_takes_more(void **state)
{
	struct falcon_run *run = run_new(1, 1, 2);

	run_more(1, 1, 3);
	run_more(1, 1, 1);
	series_expect(&run->packets, 0, 6);
	assert_int_equal(run->taken, 6);
	assert_int_equal(reorder.taken, 6);
	assert_int_equal(reorder.tail, 1);
}

static void assign__run_max_closes_a_run(void **state)
{
	struct falcon_run *run = run_new(1, 1, FALCON_RUN_MAX - 1), *next;

	run_more(1, 1, 1);
	next = run_new(1, 1, 1);
	series_expect(&run->packets, 0, FALCON_RUN_MAX);
	series_expect(&next->packets, FALCON_RUN_MAX, 1);
	assert_int_equal(next->number, 1);
}

static void assign__what_is_too_much_stays_for_the_next(void **state)
{
	struct falcon_chain chain = series_chain(2 * FALCON_RUN_MAX + 3);
	struct falcon_run *runs[3], *run;

	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &runs[0]), FALCON_RUN_MAX);
	series_expect(&chain, FALCON_RUN_MAX, FALCON_RUN_MAX + 3);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &runs[1]), FALCON_RUN_MAX);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &runs[2]), 3);
	series_expect(&chain, 0, 0);
	series_expect(&runs[0]->packets, 0, FALCON_RUN_MAX);
	series_expect(&runs[1]->packets, FALCON_RUN_MAX, FALCON_RUN_MAX);
	series_expect(&runs[2]->packets, 2 * FALCON_RUN_MAX, 3);
	/* It fills an open run, and takes no more packets. */
	chain = series_chain(FALCON_RUN_MAX);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &run), FALCON_RUN_MAX - 3);
	assert_null(run);
	series_expect(&chain, 3 * FALCON_RUN_MAX, 3);
	assert_int_equal(reorder.taken, 3 * FALCON_RUN_MAX);
}

static void assign__another_worker_closes_a_run(void **state)
{
	struct falcon_run *run = run_new(1, 1, 1), *other = run_new(2, 1, 1);

	assert_int_equal(other->number, run->number + 1);
	/*
	 * The first run stays closed when the first worker returns, because other's packet is
	 * between.
	 */
	series_expect(&run_new(1, 1, 1)->packets, 2, 1);
	series_expect(&run->packets, 0, 1);
}

static void assign__another_batch_closes_a_run(void **state)
{
	struct falcon_run *run = run_new(1, 1, 1), *other = run_new(1, 2, 1);

	series_expect(&run->packets, 0, 1);
	series_expect(&other->packets, 1, 1);
	run_more(1, 2, 1);
	series_expect(&other->packets, 1, 2);
}

static void assign__start_closes_a_run(void **state)
{
	struct falcon_run *run = run_new(1, 1, 1), *other;
	struct falcon_chain chain = run_start(run), released = {};

	other = run_new(1, 1, 1);
	series_expect(&other->packets, 1, 1);
	series_expect(&chain, 0, 1);
	/* The run's end also keeps it closed while it stays in the ring. */
	chain = run_start(other);
	falcon_reorder_finish(&reorder, other, &chain, &released);
	series_expect(&released, 0, 0);
	series_expect(&run_new(1, 1, 1)->packets, 2, 1);
}

static void assign__full_ring_takes_nothing(void **state)
{
	struct falcon_chain chain, released;
	struct falcon_run *run;
	unsigned int i;

	for (i = 0; i < FALCON_RUNS; i++)
		assert_int_equal(run_new(1, i, 1)->number - reorder.head, i);
	chain = series_chain(2);
	run = &reorder.runs[0];
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, FALCON_RUNS, &run), 0);
	assert_null(run);
	series_expect(&chain, FALCON_RUNS, 2);
	assert_int_equal(reorder.taken, FALCON_RUNS);
	/* The newest run is still open. */
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, FALCON_RUNS - 1, &run), 2);
	assert_null(run);
	/* A released run makes room for one. */
	released = run_finish_some(&reorder.runs[reorder.head % FALCON_RUNS], 1, 0);
	series_expect(&released, 0, 1);
	series_expect(&run_new(1, FALCON_RUNS, 1)->packets, FALCON_RUNS + 2, 1);
	chain = series_chain(1);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 2, FALCON_RUNS, &run), 0);
}

static void start__goes_behind_what_is_there(void **state)
{
	struct falcon_run *first = run_new(1, 1, 2), *second = run_new(1, 2, 3);
	struct falcon_chain chain = {};

	falcon_reorder_start(first, &chain);
	falcon_reorder_start(second, &chain);
	series_expect(&chain, 0, 5);
	/* The ring still counts them, because they are in flight. */
	assert_int_equal(reorder.taken, 5);
	assert_int_equal(reorder.held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(assign__no_packets_take_no_run),
		unit_case(assign__new_run_says_all_about_it),
		unit_case(assign__leaves_the_lane_s_members),
		unit_case(assign__queued_run_takes_more),
		unit_case(assign__run_max_closes_a_run),
		unit_case(assign__what_is_too_much_stays_for_the_next),
		unit_case(assign__another_worker_closes_a_run),
		unit_case(assign__another_batch_closes_a_run),
		unit_case(assign__start_closes_a_run),
		unit_case(assign__full_ring_takes_nothing),
		unit_case(start__goes_behind_what_is_there),
	};

	return unit_run(tests);
}
