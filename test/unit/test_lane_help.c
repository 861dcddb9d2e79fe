// SPDX-License-Identifier: GPL-2.0
/* When another CPU helps a lane, and with which flows. */

#include "rig.h"

#define LATE (20 * MS)		/* ns after which another CPU helps */

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

/* CPU 1 was woken, but does not run. */
static void stand_still(struct falcon_run *runs, unsigned int count)
{
	unsigned int i;

	shim_calls_arrive = false;
	for (i = 0; i < count; i++)
		rig_queue(1, &runs[i]);
	shim_cpu = 2;
}

static void lane__is_helped_only_when_its_cpu_is_late(void **state)
{
	struct falcon_flow flow = rig_merged();
	struct falcon_run run = rig_run(&flow, 1, 0);

	stand_still(&run, 1);
	rig_clock += LATE;
	assert_int_equal(falcon_lanes_help(), 0);
	rig_clock++;
	assert_int_equal(falcon_lanes_help(), 10);
	rig_assert_done(0, &flow, 1, 1);
	/* No CPU helps itself. The lane becomes idle only when its own CPU runs. */
	assert_int_equal(falcon_lanes_help(), 0);
	assert_false(falcon_lane_is_idle(1));
}

/* Its earlier packets may still be in the backlog of the lane's own CPU. */
static void lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu(void **state)
{
	struct falcon_flow stays = alone(), flow = rig_merged();
	struct falcon_run runs[] = {
		rig_run(&stays, 1, 7), rig_run(&flow, 1, 0), rig_run(&stays, 2, 7)
	};

	stand_still(runs, ARRAY_SIZE(runs));
	rig_queue_delivery(1, &stays);
	rig_clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), 10);
	assert_int_equal(rig_logged, 1);
	rig_assert_done(0, &flow, 1, 1);
	/* Its own CPU does the remaining work, in order. */
	shim_cpu = 1;
	napi_schedule(shim_napis[1]);
	rig_poll(1);
	assert_int_equal(rig_logged, 3);
	rig_assert_done(1, &stays, 0, 0);
	rig_assert_done(2, &stays, 1, 2);
	assert_true(falcon_lane_is_idle(1));
}

static int work_of_owner;

static void owner_comes(void)
{
	shim_napis[1]->state = 0;
	shim_cpu = 1;
	napi_schedule(shim_napis[1]);
	work_of_owner = rig_poll(1);
	shim_cpu = 2;
}

/* The lane's CPU must not process beside the helper; a timer brings it back. */
static void lane__is_left_to_the_helper_until_that_is_done(void **state)
{
	struct falcon_flow a = rig_merged(), b = rig_merged();
	struct falcon_run runs[] = { rig_run(&a, 1, 0), rig_run(&b, 1, 0) };

	stand_still(runs, ARRAY_SIZE(runs));
	rig_clock += LATE + 1;
	rig_meanwhile = owner_comes;
	work_of_owner = -1;
	assert_int_equal(falcon_lanes_help(), 20);
	assert_int_equal(work_of_owner, 0);
	assert_int_equal(rig_logged, 2);
	assert_false(falcon_lane_is_idle(1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(lane__is_helped_only_when_its_cpu_is_late),
		unit_case(lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu),
		unit_case(lane__is_left_to_the_helper_until_that_is_done),
	};

	return unit_run(tests);
}
