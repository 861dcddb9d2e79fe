// SPDX-License-Identifier: GPL-2.0
/* When a flow moves from the NIC's CPU to its workers, and when back to the kernel's path. */

#include "policy/trial.h"
#include "unit.h"

#define RUNS FALCON_TRIAL_RUNS

/* Process so many runs, one after the other. Return: the verdict on the last one. */
static enum falcon_verdict go_on(struct falcon_trial *trial, unsigned int runs, bool came,
				 bool ends_here)
{
	enum falcon_verdict verdict = FALCON_VERDICT_NONE;

	while (runs--) {
		assert_int_equal(verdict, FALCON_VERDICT_NONE);
		verdict = falcon_trial_see(trial, came, true, ends_here);
	}
	return verdict;
}

static void workers__after_so_many_runs_in_a_row(void **state)
{
	struct falcon_trial trial = { 0 };

	assert_int_equal(go_on(&trial, RUNS - 1, true, false), FALCON_VERDICT_NONE);
	assert_int_equal(go_on(&trial, 1, false, false), FALCON_VERDICT_NONE);
	assert_int_equal(go_on(&trial, RUNS - 1, true, false), FALCON_VERDICT_NONE);
	assert_false(falcon_trial_merges(&trial));
	assert_int_equal(go_on(&trial, 1, true, false), FALCON_VERDICT_WORKERS);
	assert_true(falcon_trial_merges(&trial));
	assert_int_equal(go_on(&trial, 1000, true, false), FALCON_VERDICT_NONE);
	assert_true(falcon_trial_merges(&trial));
}

static void workers__not_before_what_did_not_come_is_through(void **state)
{
	struct falcon_trial trial = { 0 };
	unsigned int i;

	for (i = 0; i < 3 * RUNS; i++)
		assert_int_equal(falcon_trial_see(&trial, true, false, false),
				 FALCON_VERDICT_NONE);
	assert_false(falcon_trial_merges(&trial));
	assert_int_equal(falcon_trial_see(&trial, true, true, false), FALCON_VERDICT_WORKERS);
}

static void kernel__when_no_run_comes(void **state)
{
	struct falcon_trial trial = { 0 };

	assert_int_equal(go_on(&trial, RUNS - 1, false, false), FALCON_VERDICT_NONE);
	assert_int_equal(go_on(&trial, 1, true, false), FALCON_VERDICT_NONE);
	assert_int_equal(go_on(&trial, RUNS, false, false), FALCON_VERDICT_KERNEL);
	assert_false(falcon_trial_merges(&trial));
}

static void kernel__as_soon_as_one_run_does_not_come_any_more(void **state)
{
	struct falcon_trial trial = { 0 };

	go_on(&trial, RUNS, true, false);
	assert_int_equal(go_on(&trial, 1, false, false), FALCON_VERDICT_KERNEL);
	assert_false(falcon_trial_merges(&trial));
}

static void one_worker__for_a_flow_that_ends_here(void **state)
{
	struct falcon_trial trial = { 0 };

	assert_int_equal(go_on(&trial, RUNS - 1, false, true), FALCON_VERDICT_NONE);
	assert_int_equal(go_on(&trial, 1, false, true), FALCON_VERDICT_WORKERS);
	assert_false(falcon_trial_merges(&trial));
	assert_int_equal(go_on(&trial, 1000, false, true), FALCON_VERDICT_NONE);
	/* Until there is a queue on its path. */
	assert_int_equal(go_on(&trial, 1, false, false), FALCON_VERDICT_KERNEL);
}

static void one_worker__becomes_several_when_runs_come(void **state)
{
	struct falcon_trial trial = { 0 };

	go_on(&trial, RUNS, false, true);
	assert_int_equal(go_on(&trial, RUNS - 1, true, true), FALCON_VERDICT_NONE);
	assert_false(falcon_trial_merges(&trial));
	assert_int_equal(go_on(&trial, 1, true, true), FALCON_VERDICT_NONE);
	assert_true(falcon_trial_merges(&trial));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers__after_so_many_runs_in_a_row),
		cmocka_unit_test(workers__not_before_what_did_not_come_is_through),
		cmocka_unit_test(kernel__when_no_run_comes),
		cmocka_unit_test(kernel__as_soon_as_one_run_does_not_come_any_more),
		cmocka_unit_test(one_worker__for_a_flow_that_ends_here),
		cmocka_unit_test(one_worker__becomes_several_when_runs_come),
	};

	return unit_run(tests);
}
