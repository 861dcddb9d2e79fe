// SPDX-License-Identifier: GPL-2.0
/* 32-bit clocks that are read after any time. */

#include "unit.h"
#include "core/clock.h"

#define MOST 1000

static const u32 clocks[] = { 0, 1, 77, 0x7fffffff, 0x80000000, 0xfffffc00, 0xffffffff };

static void ahead__is_what_was_noted_until_it_has_come(void **state)
{
	unsigned int i;

	for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i], MOST));
		assert_true(falcon_clock_is_ahead(clocks[i] + 1, clocks[i], MOST));
		assert_true(falcon_clock_is_ahead(clocks[i] + MOST, clocks[i], MOST));
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i] + 1, MOST));
	}
}

/*
 * If nobody reads the clock for weeks, a time long past must not look like a wait of half a round.
 */
static void ahead__is_nothing_that_has_long_been(void **state)
{
	const u64 half = 1ULL << 31, round = 1ULL << 32;
	unsigned int i;

	for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i] + half - 1, MOST));
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i] + half, MOST));
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i] + half + 1, MOST));
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i] + round - MOST - 1, MOST));
		assert_false(falcon_clock_is_ahead(clocks[i], clocks[i] + round, MOST));
	}
}

static void milliseconds__of_any_time_are_right_or_the_most(void **state)
{
	assert_int_equal(falcon_clock_ms(0, 250), 0);
	assert_int_equal(falcon_clock_ms(1, 250), 4);
	assert_int_equal(falcon_clock_ms(1, 300), 3);
	assert_int_equal(falcon_clock_ms(1001, 1000), 1001);
	/* 40 days at 250 a second. 50 days exceed 32 bits of milliseconds. */
	assert_int_equal(falcon_clock_ms(40ULL * 86400 * 250 + 1, 250), 40U * 86400 * 1000 + 4);
	assert_int_equal(falcon_clock_ms(50ULL * 86400 * 250, 250), ~0U);
	assert_int_equal(falcon_clock_ms(~0ULL, 1000), ~0U);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ahead__is_what_was_noted_until_it_has_come),
		cmocka_unit_test(ahead__is_nothing_that_has_long_been),
		cmocka_unit_test(milliseconds__of_any_time_are_right_or_the_most),
	};

	return unit_run(tests);
}
