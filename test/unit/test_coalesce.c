// SPDX-License-Identifier: GPL-2.0

#include "policy/coalesce.h"
#include "unit.h"

#define MOST 250000

/* A lane is polled at the time that it asked for, and finds @runs runs. */
static u32 look(struct falcon_coalescing *lane, u64 *now, u32 wait, unsigned int runs)
{
	*now += wait ? wait : 1000;
	return falcon_coalesce(lane, *now, runs, MOST);
}

/* Single runs wake the lane until it tries to wait. */
static u32 try_it(struct falcon_coalescing *lane, u64 *now, unsigned int *wakes)
{
	u32 wait = 0;

	for (*wakes = 0; !wait && *wakes < 1000; ++*wakes)
		wait = look(lane, now, 0, 1);
	return wait;
}

static void idle__when_there_was_nothing(void **state)
{
	struct falcon_coalescing lane = {};
	u64 now = 0;
	unsigned int wakes;

	assert_int_equal(look(&lane, &now, 0, 0), 0);
	assert_true(try_it(&lane, &now, &wakes));
	assert_int_equal(look(&lane, &now, MOST, 0), 0);
	assert_false(lane.waits);
}

static void never_waits__when_it_must_not(void **state)
{
	struct falcon_coalescing lane = {};
	unsigned int i;

	for (i = 1; i < 1000; i++)
		assert_int_equal(falcon_coalesce(&lane, i * 1000, 5, 0), 0);
}

static void is_tried__after_a_while_and_at_most_for_so_long(void **state)
{
	struct falcon_coalescing lane = {};
	unsigned int wakes;
	u64 now = 0;

	assert_int_equal(try_it(&lane, &now, &wakes), MOST);
	assert_in_range(wakes, 32, 128);
}

static void waits_on__for_two_runs_while_two_come(void **state)
{
	struct falcon_coalescing lane = {};
	unsigned int wakes, i;
	u64 now = 0;
	u32 wait;

	wait = try_it(&lane, &now, &wakes);
	/* One run every 20 us. */
	for (i = 0; i < 100; i++) {
		wait = look(&lane, &now, wait, (wait + 10000) / 20000);
		assert_true(wait);
		assert_true(lane.waits);
	}
	assert_in_range(wait, 38000, 42000);
}

static void ends__when_one_run_comes_at_a_time(void **state)
{
	struct falcon_coalescing lane = {};
	unsigned int wakes, waits = 0;
	u64 now = 0;
	u32 wait;

	/* Each request is sent after the answer to the one before. */
	for (wait = try_it(&lane, &now, &wakes); wait && waits < 1000; waits++)
		wait = look(&lane, &now, wait, 1);
	assert_in_range(waits, 1, 8);
	/* It stays like this most of the time. */
	assert_true(try_it(&lane, &now, &wakes));
	assert_true(wakes > 8 * waits);
}

static void comes_back__after_a_pause(void **state)
{
	struct falcon_coalescing lane = {};
	unsigned int wakes, i;
	u64 now = 0;
	u32 wait;

	wait = try_it(&lane, &now, &wakes);
	for (i = 0; i < 100; i++)
		wait = look(&lane, &now, wait, 2);
	assert_int_equal(look(&lane, &now, wait, 0), 0);
	now += 10000000000ull;
	assert_true(look(&lane, &now, 0, 1));
}

static void is_never_longer__than_it_may(void **state)
{
	struct falcon_coalescing lane = {};
	u32 random = 1, wait = 0;
	unsigned int i;
	u64 now = 0;

	for (i = 0; i < 1000000; i++) {
		wait = look(&lane, &now, wait, unit_random(&random) % 4);
		assert_true(wait <= MOST);
		assert_int_equal(lane.waits, wait != 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle__when_there_was_nothing),
		cmocka_unit_test(never_waits__when_it_must_not),
		cmocka_unit_test(is_tried__after_a_while_and_at_most_for_so_long),
		cmocka_unit_test(waits_on__for_two_runs_while_two_come),
		cmocka_unit_test(ends__when_one_run_comes_at_a_time),
		cmocka_unit_test(comes_back__after_a_pause),
		cmocka_unit_test(is_never_longer__than_it_may),
	};

	return unit_run(tests);
}
