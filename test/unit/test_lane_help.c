// SPDX-License-Identifier: GPL-2.0
/* When another CPU helps a lane, and with which flows. */

#include "rig.h"

#define LATE (20 * MS)		/* ns after which another CPU helps */
#define RETRY MS		/* ns between two tries of a delivery by a helping CPU */
#define OWNER_LOOK (50 * US)	/* ns until the lane's own CPU looks if the helping one is done */
#define TRIES 64		/* runs that a helping CPU looks at */
#define MOST 64			/* packets that bring its help to an end */

static int start(void **state)
{
	return rig_start();
}

static int stop(void **state)
{
	rig_stop();
	return 0;
}

/* A flow without a merge point. */
static struct falcon_flow alone(void)
{
	return (struct falcon_flow){ .host = true, .watched = jiffies };
}

/* A CPU was woken, but the call does not arrive. CPU 2 is the one that may help. */
static void stand_still(unsigned int cpu, struct falcon_run *runs, unsigned int count)
{
	unsigned int i;

	shim_calls_arrive = false;
	shim_cpu = 0;
	for (i = 0; i < count; i++)
		rig_queue(cpu, &runs[i]);
	shim_cpu = 2;
}

static void lane__is_helped_only_when_its_cpu_is_late(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	stand_still(1, &run, 1);
	rig_clock += LATE;
	assert_int_equal(falcon_lanes_help(), 0);
	rig_clock++;
	assert_int_equal(falcon_lanes_help(), 10);
	rig_assert_done(0, &flow, 1, 1);
	/* The lane becomes idle only when its own CPU runs. */
	assert_int_equal(falcon_lanes_help(), 0);
	assert_false(falcon_lane_is_idle(1));
	assert_int_equal(cpus_let_calls_arrive(), 1);
	assert_int_equal(rig_poll(1), 0);
	assert_true(falcon_lane_is_idle(1));
}

/* It processes its lane's work in the lane's poll. */
static void lane__is_not_helped_by_its_own_cpu(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	stand_still(1, &run, 1);
	rig_clock += LATE + 1;
	shim_cpu = 1;
	assert_int_equal(falcon_lanes_help(), 0);
	assert_int_equal(rig_logged, 0);
	shim_cpu = 2;
	assert_int_equal(falcon_lanes_help(), 10);
}

static void lane__that_was_polled_lately_is_not_helped(void **state)
{
	struct falcon_flow a = rig_merged(), b = rig_merged();
	struct falcon_run runs[] = { rig_run(&a, 1, 0), rig_run(&b, 1, 0) };

	stand_still(1, runs, ARRAY_SIZE(runs));
	rig_clock += LATE + 1;
	cpus_let_calls_arrive();
	assert_int_equal(rig_poll_by(1, 1, 10), 10);
	assert_int_equal(falcon_lanes_help(), 0);
	rig_clock += LATE;
	assert_int_equal(falcon_lanes_help(), 0);
	rig_clock++;
	assert_int_equal(falcon_lanes_help(), 10);
}

/* Its earlier packets may still be in the backlog of the lane's own CPU. */
static void lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu(void **state)
{
	struct falcon_flow stays = alone(), flow = rig_merged();
	struct falcon_run runs[] = {
		rig_run(&stays, 1, 7), rig_run(&flow, 1, 0), rig_run(&stays, 2, 7)
	};

	stand_still(1, runs, ARRAY_SIZE(runs));
	rig_queue_delivery(1, &stays);
	rig_clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), 10);
	assert_int_equal(rig_logged, 1);
	rig_assert_done(0, &flow, 1, 1);
	/* Its own CPU does the remaining work, in order. */
	cpus_let_calls_arrive();
	rig_poll(1);
	assert_int_equal(rig_logged, 3);
	rig_assert_done(1, &stays, 0, 0);
	rig_assert_done(2, &stays, 1, 2);
	assert_true(falcon_lane_is_idle(1));
}

/* One run more in front, and the helping CPU does not come to it. */
static void lane__is_looked_through_for_so_many_runs_and_no_more(void **state)
{
	struct falcon_flow stays = alone(), flow = rig_merged();
	struct falcon_run runs[TRIES + 1];
	unsigned int i;

	for (i = 0; i < TRIES; i++)
		runs[i] = rig_run(&stays, i, 0);
	runs[TRIES] = rig_run(&flow, 1, 0);
	stand_still(1, runs, TRIES + 1);
	rig_clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), 0);
	assert_int_equal(rig_logged, 0);
	cpus_let_calls_arrive();
	/* Its own CPU takes the first ones, and stands still again. */
	assert_int_equal(rig_poll_by(1, 1, 10), 10);
	rig_assert_done(0, &stays, 0, 1);
	rig_clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), 10);
	rig_assert_done(1, &flow, 1, 1);
}

/* A helping CPU helps in each of its polls, but tries what had no room once in a while. */
static void lane__is_not_helped_all_the_time_with_a_delivery_that_had_no_room(void **state)
{
	struct falcon_flow flow = rig_merged();

	stand_still(1, NULL, 0);
	rig_stuck = &flow;
	rig_queue_delivery(1, &flow);
	rig_clock += LATE + 1;
	/* The first go, and the second one as the first try again. */
	assert_int_equal(falcon_lanes_help(), 0);
	assert_int_equal(falcon_lanes_help(), 0);
	assert_int_equal(rig_refused, 2);
	rig_clock += RETRY - 1;
	assert_int_equal(falcon_lanes_help(), 0);
	assert_int_equal(rig_refused, 2);
	rig_clock++;
	assert_int_equal(falcon_lanes_help(), 0);
	assert_int_equal(rig_refused, 3);
	rig_stuck = NULL;
	rig_clock += RETRY;
	assert_int_equal(falcon_lanes_help(), 10);
	rig_assert_done(0, &flow, 0, 0);
}

/* Runs of ten packets, each of another flow than the one before. */
static void fill(struct falcon_run *runs, unsigned int count, struct falcon_flow *flows)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		runs[i] = rig_run(&flows[i % 2], i, 0);
}

/* The next help begins behind the lane that had the last one, so each has its turn. */
static void lanes__are_helped_until_a_polls_worth_is_done(void **state)
{
	struct falcon_flow a[] = { rig_merged(), rig_merged() };
	struct falcon_flow b[] = { rig_merged(), rig_merged() };
	struct falcon_run of_1[8], of_3[5];

	fill(of_1, ARRAY_SIZE(of_1), a);
	fill(of_3, ARRAY_SIZE(of_3), b);
	stand_still(1, of_1, ARRAY_SIZE(of_1));
	stand_still(3, of_3, ARRAY_SIZE(of_3));
	rig_clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), MOST + 6);
	assert_int_equal(rig_logged, 7);
	rig_assert_done(6, &a[0], 6, 1);
	/* All of lane 3, then the last run of lane 1. */
	assert_int_equal(falcon_lanes_help(), 60);
	assert_int_equal(rig_logged, 13);
	rig_assert_done(7, &b[0], 0, 1);
	rig_assert_done(11, &b[0], 4, 1);
	rig_assert_done(12, &a[1], 7, 1);
}

/* What one lane leaves of the budget is for the next one. */
static void lanes__share_a_polls_worth(void **state)
{
	struct falcon_flow a[] = { rig_merged(), rig_merged() };
	struct falcon_flow b[] = { rig_merged(), rig_merged() };
	struct falcon_run of_1[5], of_3[5];

	fill(of_1, ARRAY_SIZE(of_1), a);
	fill(of_3, ARRAY_SIZE(of_3), b);
	stand_still(1, of_1, ARRAY_SIZE(of_1));
	stand_still(3, of_3, ARRAY_SIZE(of_3));
	rig_clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), MOST + 6);
	assert_int_equal(rig_logged, 7);
	rig_assert_done(5, &b[0], 0, 1);
}

static int work_of_owner;

static void owner_comes(void)
{
	cpus_let_calls_arrive();
	work_of_owner = rig_poll(1);
}

/* The lane's CPU must not process beside the helper. A timer alone brings it back. */
static void lane__is_left_to_the_helper_until_that_is_done(void **state)
{
	struct falcon_flow a = rig_merged(), b = rig_merged();
	struct falcon_run runs[] = { rig_run(&a, 1, 0), rig_run(&b, 1, 0) };

	stand_still(1, runs, ARRAY_SIZE(runs));
	rig_clock += LATE + 1;
	rig_meanwhile = owner_comes;
	work_of_owner = -1;
	assert_int_equal(falcon_lanes_help(), 20);
	assert_int_equal(work_of_owner, 0);
	assert_int_equal(rig_logged, 2);
	assert_false(falcon_lane_is_idle(1));
	assert_int_equal(cpus_timer(), OWNER_LOOK);
	cpus_expire();
	assert_int_equal(rig_poll(1), 0);
	assert_int_equal(cpus_timer(), 0);
	assert_true(falcon_lane_is_idle(1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(lane__is_helped_only_when_its_cpu_is_late),
		unit_case(lane__is_not_helped_by_its_own_cpu),
		unit_case(lane__that_was_polled_lately_is_not_helped),
		unit_case(lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu),
		unit_case(lane__is_looked_through_for_so_many_runs_and_no_more),
		unit_case(lane__is_not_helped_all_the_time_with_a_delivery_that_had_no_room),
		unit_case(lanes__are_helped_until_a_polls_worth_is_done),
		unit_case(lanes__share_a_polls_worth),
		unit_case(lane__is_left_to_the_helper_until_that_is_done),
	};

	return unit_run(tests);
}
