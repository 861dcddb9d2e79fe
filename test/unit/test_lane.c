// SPDX-License-Identifier: GPL-2.0
/* The order in which a lane processes runs and deliveries, and when it becomes idle. */

#include "core/plan.h"
#include "rig.h"

#define FULL 1000		/* packets that a lane may have queued */
#define RING_LOOK (50 * US)	/* ns until it looks again for room in a ring */

static int start(void **state)
{
	return rig_start();
}

static int stop(void **state)
{
	rig_stop();
	return 0;
}

static void lane__processes_runs_in_the_order_of_their_posts(void **state)
{
	struct falcon_flow a = rig_merged(), b = rig_merged();
	struct falcon_run runs[] = { rig_run(&a, 5, 0), rig_run(&b, 7, 0), rig_run(&a, 6, 0) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		rig_queue(1, &runs[i]);
	assert_int_equal(rig_poll(1), 30);
	assert_int_equal(rig_logged, 3);
	rig_assert_done(0, &a, 5, 1);
	rig_assert_done(1, &b, 7, 1);
	rig_assert_done(2, &a, 6, 1);
	assert_true(falcon_lane_is_idle(1));
}

static void lane__takes_consecutive_runs_of_a_flow_together(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run runs[] = {
		rig_run(&flow, ~0U, 0), rig_run(&flow, 0, 0), rig_run(&flow, 2, 0),
		rig_run(&flow, 3, 0)
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		rig_queue(1, &runs[i]);
	rig_poll(1);
	assert_int_equal(rig_logged, 2);
	rig_assert_done(0, &flow, ~0U, 2);
	rig_assert_done(1, &flow, 2, 2);
}

/* The first two fill the budget; the others are for the next poll. */
static void lane__takes_no_more_consecutive_runs_than_the_budget(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run runs[] = {
		rig_run(&flow, 1, 0), rig_run(&flow, 2, 0), rig_run(&flow, 3, 0),
		rig_run(&flow, 4, 0), rig_run(&flow, 5, 0)
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		rig_queue(1, &runs[i]);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rig_poll_by(1, 1, 20), 20);
		assert_int_equal(rig_logged, i + 1);
		rig_assert_done(i, &flow, 1 + 2 * i, 2);
	}
	assert_int_equal(rig_poll_by(1, 1, 20), 10);
	rig_assert_done(2, &flow, 5, 1);
	assert_true(falcon_lane_is_idle(1));
}

static void lane__stops_at_its_budget_and_is_polled_again(void **state)
{
	struct falcon_flow a = rig_merged(), b = rig_merged();
	struct falcon_run runs[] = { rig_run(&a, 1, 0), rig_run(&b, 1, 0) };

	rig_queue(1, &runs[0]);
	rig_queue(1, &runs[1]);
	/* The next run waits, because the budget is used up. */
	assert_int_equal(rig_poll_by(1, 1, 10), 10);
	assert_int_equal(rig_logged, 1);
	assert_false(falcon_lane_is_idle(1));
	assert_int_equal(rig_poll_by(1, 1, 64), 10);
	rig_assert_done(1, &b, 1, 1);
	assert_true(falcon_lane_is_idle(1));
}

static void lane__does_runs_and_deliveries_of_higher_priority_first(void **state)
{
	struct falcon_flow low = rig_merged(), high = rig_merged();
	struct falcon_run runs[] = { rig_run(&low, 1, 0), rig_run(&high, 1, 3) };

	high.prio = 3;
	rig_queue(1, &runs[0]);
	rig_queue(1, &runs[1]);
	rig_queue_delivery(1, &low);
	rig_queue_delivery(1, &high);
	rig_poll(1);
	assert_int_equal(rig_logged, 4);
	/* Deliveries come first, because they empty what runs fill. */
	rig_assert_done(0, &high, 0, 0);
	rig_assert_done(1, &high, 1, 1);
	rig_assert_done(2, &low, 0, 0);
	rig_assert_done(3, &low, 1, 1);
}

static void lane__is_woken_once_until_it_is_idle(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run runs[] = {
		rig_run(&flow, 1, 0), rig_run(&flow, 2, 0), rig_run(&flow, 3, 0)
	};

	rig_queue(1, &runs[0]);
	rig_queue(1, &runs[1]);
	assert_int_equal(shim_calls, 1);
	assert_int_equal(shim_napis[1]->cpu, 1);
	rig_poll(1);
	rig_queue(1, &runs[2]);
	assert_int_equal(shim_calls, 2);
	rig_poll(1);
}

static void lane__of_this_cpu_needs_no_call(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	shim_cpu = 1;
	rig_queue(1, &run);
	assert_int_equal(shim_calls, 0);
	rig_poll(1);
	assert_int_equal(rig_logged, 1);
}

static void lane__of_a_cpu_that_is_offline_is_polled_here(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	shim_offline = 1;
	shim_cpu = 2;
	rig_queue(1, &run);
	assert_int_equal(shim_napis[1]->cpu, 2);
	rig_poll_by(2, 1, 64);
	assert_int_equal(rig_logged, 1);
	assert_true(falcon_lane_is_idle(1));
}

static struct falcon_run late_run;

/* By CPU 0, while CPU 1 polls. */
static void post_from_elsewhere(void)
{
	shim_at_mb = NULL;
	shim_cpu = 0;
	rig_queue(1, &late_run);
	shim_cpu = 1;
}

/* The post finds the lane active, so it wakes no CPU. The poll must see the run. */
static void lane__sees_what_is_posted_while_it_works(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	late_run = rig_run(&flow, 2, 0);
	rig_meanwhile = post_from_elsewhere;
	rig_queue(1, &run);
	assert_int_equal(rig_poll(1), 20);
	assert_int_equal(shim_calls, 1);
	assert_int_equal(rig_logged, 2);
	rig_assert_done(1, &flow, 2, 1);
	assert_true(falcon_lane_is_idle(1));
}

static void post_when_it_looks_at_the_clock(void)
{
	rig_at_clock = post_from_elsewhere;
}

/*
 * The post comes first and finds the lane active: the lane sees the run, and no wake-up is needed.
 */
static void lane__sees_what_is_posted_before_it_becomes_idle(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	late_run = rig_run(&flow, 2, 0);
	rig_queue(1, &run);
	rig_meanwhile = post_when_it_looks_at_the_clock;
	assert_int_equal(rig_poll(1), NAPI_POLL_WEIGHT);
	assert_int_equal(rig_logged, 1);
	assert_int_equal(shim_calls, 1);
	assert_int_equal(rig_poll(1), 10);
	rig_assert_done(1, &flow, 2, 1);
	assert_true(falcon_lane_is_idle(1));
}

/* The lane becomes idle first: the post sees that and wakes it. */
static void lane__is_woken_by_what_is_posted_when_it_is_idle(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	late_run = rig_run(&flow, 2, 0);
	rig_queue(1, &run);
	shim_at_mb = post_from_elsewhere;
	assert_int_equal(rig_poll(1), 10);
	assert_int_equal(rig_logged, 1);
	assert_int_equal(shim_calls, 2);
	assert_false(falcon_lane_is_idle(1));
	assert_int_equal(rig_poll(1), 10);
	rig_assert_done(1, &flow, 2, 1);
	assert_true(falcon_lane_is_idle(1));
}

static void lane__is_full_at_a_backlogs_worth(void **state)
{
	falcon_lane_add(1, FULL - 1);
	assert_false(falcon_lane_is_full(1));
	falcon_lane_add(1, 1);
	assert_true(falcon_lane_is_full(1));
	assert_false(falcon_lane_is_full(2));
	falcon_lane_add(1, -1);
	assert_false(falcon_lane_is_full(1));
}

static void lane__tries_a_delivery_again_that_had_no_room(void **state)
{
	struct falcon_flow flow = rig_merged(), other = rig_merged();
	unsigned int i;

	rig_stuck = &flow;
	rig_queue_delivery(1, &flow);
	rig_queue_delivery(1, &other);
	rig_poll(1);
	/* The other delivery does not wait for this one. */
	assert_int_equal(rig_logged, 1);
	rig_assert_done(0, &other, 0, 0);
	assert_false(falcon_lane_is_idle(1));
	/* It looks again, and again, until there is room. */
	for (i = 1; i < 4; i++) {
		assert_int_equal(rig_refused, i);
		assert_int_equal(cpus_timer(), RING_LOOK);
		if (i == 3)
			rig_stuck = NULL;
		cpus_expire();
		rig_poll(1);
	}
	assert_int_equal(rig_logged, 2);
	rig_assert_done(1, &flow, 0, 0);
	assert_int_equal(cpus_timer(), 0);
	assert_true(falcon_lane_is_idle(1));
}

/* CPU 1 gets one run after the other, and an IPI for each, until it looks by itself. */
static void until_it_waits(struct falcon_plan *plan, struct falcon_flow *flow)
{
	struct falcon_run run;
	unsigned int number;

	falcon_plan = plan;
	for (number = 1; !cpus_timer(); number++) {
		assert_true(number < 1000);
		run = rig_run(flow, number, 0);
		rig_queue(1, &run);
		rig_poll(1);
		rig_logged = 0;
		rig_clock += US;
	}
	assert_int_equal(shim_calls, number - 1);
	shim_calls = 0;
}

static void lane__that_looks_by_itself_needs_no_call(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_plan plan = { .coalesce = 30 * US };
	struct falcon_run run = rig_run(&flow, 0, 0);

	until_it_waits(&plan, &flow);
	assert_int_equal(cpus_timer(), 30 * US);
	assert_false(falcon_lane_is_idle(1));
	rig_queue(1, &run);
	assert_int_equal(shim_calls, 0);
	cpus_expire();
	rig_poll(1);
	assert_int_equal(rig_logged, 1);
	rig_assert_done(0, &flow, 0, 1);
}

static void lane__looks_for_room_before_it_would_look_by_itself(void **state)
{
	struct falcon_flow flow = rig_merged(), other = rig_merged();
	struct falcon_plan plan = { .coalesce = 300 * US };
	struct falcon_run run = rig_run(&flow, 0, 0);

	until_it_waits(&plan, &flow);
	assert_int_equal(cpus_timer(), 300 * US);
	rig_stuck = &other;
	rig_queue(1, &run);
	rig_queue_delivery(1, &other);
	rig_clock += 300 * US;
	cpus_expire();
	rig_poll(1);
	assert_int_equal(rig_refused, 1);
	assert_int_equal(cpus_timer(), RING_LOOK);
	rig_stuck = NULL;
}

static void lane__gives_back_what_no_worker_has_begun_with(void **state)
{
	struct falcon_reorder reorder = {};
	struct falcon_chain packets = {}, back = {}, begun = {};
	struct sk_buff skbs[3] = {};
	struct falcon_run *run;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		falcon_chain_add(&packets, &skbs[i]);
		falcon_reorder_assign(&reorder, &packets, 1, i, &run);
		falcon_lane_add(1, 1);
	}
	falcon_reorder_start(&reorder.runs[0], &begun);
	falcon_lane_add(1, FULL - 2);
	assert_true(falcon_lane_is_full(1));
	falcon_lane_recall(&reorder, &back);
	assert_int_equal(back.count, 2);
	assert_ptr_equal(back.first, &skbs[1]);
	assert_ptr_equal(back.last, &skbs[2]);
	falcon_lane_add(1, 1);
	assert_true(falcon_lane_is_full(1));
	falcon_lane_add(1, -1);
	assert_false(falcon_lane_is_full(1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(lane__processes_runs_in_the_order_of_their_posts),
		unit_case(lane__takes_consecutive_runs_of_a_flow_together),
		unit_case(lane__takes_no_more_consecutive_runs_than_the_budget),
		unit_case(lane__stops_at_its_budget_and_is_polled_again),
		unit_case(lane__does_runs_and_deliveries_of_higher_priority_first),
		unit_case(lane__is_woken_once_until_it_is_idle),
		unit_case(lane__of_this_cpu_needs_no_call),
		unit_case(lane__of_a_cpu_that_is_offline_is_polled_here),
		unit_case(lane__sees_what_is_posted_while_it_works),
		unit_case(lane__sees_what_is_posted_before_it_becomes_idle),
		unit_case(lane__is_woken_by_what_is_posted_when_it_is_idle),
		unit_case(lane__is_full_at_a_backlogs_worth),
		unit_case(lane__tries_a_delivery_again_that_had_no_room),
		unit_case(lane__that_looks_by_itself_needs_no_call),
		unit_case(lane__looks_for_room_before_it_would_look_by_itself),
		unit_case(lane__gives_back_what_no_worker_has_begun_with),
	};

	return unit_run(tests);
}
