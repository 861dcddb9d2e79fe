// SPDX-License-Identifier: GPL-2.0
/*
 * The order in which a lane processes runs and deliveries, when it becomes idle, and which CPU
 * helps it.
 */

#include "unit.h"
#include "core/plan.h"
#include "core/stats.h"
#include "lanes/flow.h"
#include "lanes/lane.h"
#include "lanes/runner.h"

#define MS 1000000UL
#define FULL 1000		/* packets that a lane may have queued */
#define LATE (20 * MS)		/* ns after which another CPU helps */

struct softnet_data softnet_data[SHIM_CPUS];
struct napi_struct *shim_napis[SHIM_NAPIS];
unsigned int shim_cpu, shim_offline, shim_calls, shim_napi_count;
bool shim_calls_arrive;
void (*shim_at_mb)(void);
unsigned long jiffies;
static u64 clock;		/* ns */
static void (*at_clock)(void);	/* called at the next reading of the clock */
struct falcon_plan *falcon_plan;
DEFINE_PER_CPU(struct falcon_stats, falcon_stats);

u64 local_clock(void)
{
	void (*call)(void) = at_clock;

	at_clock = NULL;
	if (call)
		call();
	return clock;
}

void falcon_runner_init(struct falcon_runner *runner, struct net_device *dev)
{
}

void falcon_runner_exit(struct falcon_runner *runner)
{
}

/* A log of the work, in order. */
struct done {
	const struct falcon_flow *flow;
	u32 first;
	unsigned int count;	/* runs; 0: a delivery */
};

static struct done history[64];
static unsigned int logged;
static const struct falcon_flow *stuck;	/* its deliveries are refused */
static void (*meanwhile)(void);		/* called while a run is processed */

static void note(const struct falcon_flow *flow, u32 first, unsigned int count)
{
	assert_true(logged < ARRAY_SIZE(history));
	history[logged++] = (struct done){ flow, first, count };
}

static unsigned int process(struct falcon_flow *flow, u32 first, unsigned int count,
			    struct falcon_runner *runner)
{
	void (*call)(void) = meanwhile;

	note(flow, first, count);
	meanwhile = NULL;
	if (call)
		call();
	return 10 * count;
}

static int deliver(struct falcon_flow *flow, unsigned int budget)
{
	if (flow == stuck)
		return -EAGAIN;
	note(flow, 0, 0);
	return 10;
}

static const struct falcon_lane_ops ops = { .process = process, .deliver = deliver };

static int start(void **state)
{
	shim_cpu = 0;
	shim_offline = SHIM_CPUS;
	shim_calls = 0;
	shim_calls_arrive = true;
	shim_napi_count = 0;
	clock = 1000 * MS;
	logged = 0;
	stuck = NULL;
	meanwhile = NULL;
	at_clock = NULL;
	shim_at_mb = NULL;
	return falcon_lanes_alloc(NULL, &ops);
}

static int stop(void **state)
{
	falcon_lanes_stop();
	falcon_lanes_free();
	return 0;
}

/* A flow whose runs are put in order, so any CPU may help; or one without a merge point. */
static struct falcon_flow merged(void)
{
	return (struct falcon_flow){
		.trial = { .over = true, .hits = FALCON_TRIAL_RUNS }, .watched = jiffies
	};
}

static struct falcon_flow alone(void)
{
	return (struct falcon_flow){ .host = true, .watched = jiffies };
}

static struct falcon_run run_of(struct falcon_flow *flow, u32 number, u8 prio)
{
	return (struct falcon_run){
		.flow = flow, .number = number, .prio = prio, .taken = 10, .posts = 1
	};
}

/* Post like the flow does, and wake the lane's CPU if necessary. */
static void queue(unsigned int cpu, struct falcon_run *run)
{
	struct falcon_lane *to_wake = NULL;

	falcon_lane_queue(cpu, run, &to_wake);
	falcon_lane_add(cpu, run->taken);
	falcon_lanes_wake(to_wake);
}

static void queue_delivery(unsigned int cpu, struct falcon_flow *flow)
{
	struct falcon_lane *to_wake = NULL;

	falcon_lane_deliver(cpu, flow, &to_wake);
	falcon_lanes_wake(to_wake);
}

/* Poll the lane on a CPU. Return: the value for the kernel. */
static int poll_by(unsigned int cpu, unsigned int lane, int budget)
{
	struct napi_struct *napi = shim_napis[lane];
	unsigned int here = shim_cpu;
	int work;

	assert_true(test_bit(NAPI_STATE_SCHED, &napi->state));
	shim_cpu = cpu;
	work = napi->poll(napi, budget);
	shim_cpu = here;
	return work;
}

static int poll(unsigned int cpu)
{
	return poll_by(cpu, cpu, NAPI_POLL_WEIGHT);
}

static void assert_done(unsigned int at, const struct falcon_flow *flow, u32 first,
			unsigned int count)
{
	assert_true(at < logged);
	assert_ptr_equal(history[at].flow, flow);
	assert_int_equal(history[at].first, first);
	assert_int_equal(history[at].count, count);
}

static void lane__processes_runs_in_the_order_of_their_posts(void **state)
{
	struct falcon_flow a = merged(), b = merged();
	struct falcon_run runs[] = { run_of(&a, 5, 0), run_of(&b, 7, 0), run_of(&a, 6, 0) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		queue(1, &runs[i]);
	assert_int_equal(poll(1), 30);
	assert_int_equal(logged, 3);
	assert_done(0, &a, 5, 1);
	assert_done(1, &b, 7, 1);
	assert_done(2, &a, 6, 1);
	assert_true(falcon_lane_is_idle(1));
}

/* Consecutive runs, but not beyond the budget. */
static void lane__takes_consecutive_runs_of_a_flow_together(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run runs[] = {
		run_of(&flow, ~0U, 0), run_of(&flow, 0, 0), run_of(&flow, 2, 0), run_of(&flow, 3, 0)
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		queue(1, &runs[i]);
	poll(1);
	assert_int_equal(logged, 2);
	assert_done(0, &flow, ~0U, 2);
	assert_done(1, &flow, 2, 2);
}

static void lane__stops_at_its_budget_and_is_polled_again(void **state)
{
	struct falcon_flow a = merged(), b = merged();
	struct falcon_run runs[] = { run_of(&a, 1, 0), run_of(&b, 1, 0) };

	queue(1, &runs[0]);
	queue(1, &runs[1]);
	/* The next run waits, because the budget is used up. */
	assert_int_equal(poll_by(1, 1, 10), 10);
	assert_int_equal(logged, 1);
	assert_false(falcon_lane_is_idle(1));
	assert_int_equal(poll_by(1, 1, 64), 10);
	assert_done(1, &b, 1, 1);
	assert_true(falcon_lane_is_idle(1));
}

static void lane__does_runs_and_deliveries_of_higher_priority_first(void **state)
{
	struct falcon_flow low = merged(), high = merged();
	struct falcon_run runs[] = { run_of(&low, 1, 0), run_of(&high, 1, 3) };

	high.prio = 3;
	queue(1, &runs[0]);
	queue(1, &runs[1]);
	queue_delivery(1, &low);
	queue_delivery(1, &high);
	poll(1);
	assert_int_equal(logged, 4);
	/* Deliveries come first, because they empty what runs fill. */
	assert_done(0, &high, 0, 0);
	assert_done(1, &high, 1, 1);
	assert_done(2, &low, 0, 0);
	assert_done(3, &low, 1, 1);
}

static void lane__is_woken_once_until_it_is_idle(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run runs[] = {
		run_of(&flow, 1, 0), run_of(&flow, 2, 0), run_of(&flow, 3, 0)
	};

	queue(1, &runs[0]);
	queue(1, &runs[1]);
	assert_int_equal(shim_calls, 1);
	assert_int_equal(shim_napis[1]->cpu, 1);
	poll(1);
	queue(1, &runs[2]);
	assert_int_equal(shim_calls, 2);
	poll(1);
}

static void lane__of_this_cpu_needs_no_call(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run run = run_of(&flow, 1, 0);

	shim_cpu = 1;
	queue(1, &run);
	assert_int_equal(shim_calls, 0);
	poll(1);
	assert_int_equal(logged, 1);
}

static void lane__of_a_cpu_that_is_offline_is_polled_here(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run run = run_of(&flow, 1, 0);

	shim_offline = 1;
	queue(1, &run);
	assert_int_equal(shim_napis[1]->cpu, 0);
	poll_by(0, 1, 64);
	assert_int_equal(logged, 1);
}

static struct falcon_run late_run;

static void post_late(void)
{
	queue(1, &late_run);
}

/* The post finds the lane active, so it wakes no CPU. The poll must see the run. */
static void lane__sees_what_is_posted_while_it_works(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run run = run_of(&flow, 1, 0);

	late_run = run_of(&flow, 2, 0);
	meanwhile = post_late;
	queue(1, &run);
	poll(1);
	assert_int_equal(shim_calls, 1);
	assert_int_equal(logged, 2);
	assert_done(1, &flow, 2, 1);
	assert_true(falcon_lane_is_idle(1));
}

/* By CPU 0, while CPU 1 polls. */
static void post_from_elsewhere(void)
{
	shim_at_mb = NULL;
	shim_cpu = 0;
	queue(1, &late_run);
	shim_cpu = 1;
}

static void post_when_it_looks_at_the_clock(void)
{
	at_clock = post_from_elsewhere;
}

/*
 * The post comes first and finds the lane active: the lane sees the run, and no wake-up is needed.
 */
static void lane__sees_what_is_posted_before_it_becomes_idle(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run run = run_of(&flow, 1, 0);

	late_run = run_of(&flow, 2, 0);
	queue(1, &run);
	meanwhile = post_when_it_looks_at_the_clock;
	assert_int_equal(poll(1), NAPI_POLL_WEIGHT);
	assert_int_equal(logged, 1);
	assert_int_equal(shim_calls, 1);
	assert_int_equal(poll(1), 10);
	assert_done(1, &flow, 2, 1);
	assert_true(falcon_lane_is_idle(1));
}

/* The lane becomes idle first: the post sees that and wakes it. */
static void lane__is_woken_by_what_is_posted_when_it_is_idle(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run run = run_of(&flow, 1, 0);

	late_run = run_of(&flow, 2, 0);
	queue(1, &run);
	shim_at_mb = post_from_elsewhere;
	assert_int_equal(poll(1), 10);
	assert_int_equal(logged, 1);
	assert_int_equal(shim_calls, 2);
	assert_false(falcon_lane_is_idle(1));
	assert_int_equal(poll(1), 10);
	assert_done(1, &flow, 2, 1);
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
	struct falcon_flow flow = merged(), other = merged();

	stuck = &flow;
	queue_delivery(1, &flow);
	queue_delivery(1, &other);
	poll(1);
	/* The other delivery does not wait for this one. */
	assert_int_equal(logged, 1);
	assert_done(0, &other, 0, 0);
	assert_false(falcon_lane_is_idle(1));
	stuck = NULL;
	/* The lane's timer would expire in a moment. */
	shim_cpu = 1;
	napi_schedule(shim_napis[1]);
	poll(1);
	assert_int_equal(logged, 2);
	assert_done(1, &flow, 0, 0);
	assert_true(falcon_lane_is_idle(1));
}

/* CPU 1 was woken, but does not run. */
static void stand_still(struct falcon_run *runs, unsigned int count)
{
	unsigned int i;

	shim_calls_arrive = false;
	for (i = 0; i < count; i++)
		queue(1, &runs[i]);
	shim_cpu = 2;
}

static void lane__is_helped_only_when_its_cpu_is_late(void **state)
{
	struct falcon_flow flow = merged();
	struct falcon_run run = run_of(&flow, 1, 0);

	stand_still(&run, 1);
	clock += LATE;
	assert_int_equal(falcon_lanes_help(), 0);
	clock++;
	assert_int_equal(falcon_lanes_help(), 10);
	assert_done(0, &flow, 1, 1);
	/* No CPU helps itself. The lane becomes idle only when its own CPU runs. */
	assert_int_equal(falcon_lanes_help(), 0);
	assert_false(falcon_lane_is_idle(1));
}

/* Its earlier packets may still be in the backlog of the lane's own CPU. */
static void lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu(void **state)
{
	struct falcon_flow stays = alone(), flow = merged();
	struct falcon_run runs[] = {
		run_of(&stays, 1, 7), run_of(&flow, 1, 0), run_of(&stays, 2, 7)
	};

	stand_still(runs, ARRAY_SIZE(runs));
	queue_delivery(1, &stays);
	clock += LATE + 1;
	assert_int_equal(falcon_lanes_help(), 10);
	assert_int_equal(logged, 1);
	assert_done(0, &flow, 1, 1);
	/* Its own CPU does the remaining work, in order. */
	shim_cpu = 1;
	napi_schedule(shim_napis[1]);
	poll(1);
	assert_int_equal(logged, 3);
	assert_done(1, &stays, 0, 0);
	assert_done(2, &stays, 1, 2);
	assert_true(falcon_lane_is_idle(1));
}

static int work_of_owner;

static void owner_comes(void)
{
	shim_napis[1]->state = 0;
	shim_cpu = 1;
	napi_schedule(shim_napis[1]);
	work_of_owner = poll(1);
	shim_cpu = 2;
}

/* The lane's CPU must not process beside the helper; a timer brings it back. */
static void lane__is_left_to_the_helper_until_that_is_done(void **state)
{
	struct falcon_flow a = merged(), b = merged();
	struct falcon_run runs[] = { run_of(&a, 1, 0), run_of(&b, 1, 0) };

	stand_still(runs, ARRAY_SIZE(runs));
	clock += LATE + 1;
	meanwhile = owner_comes;
	work_of_owner = -1;
	assert_int_equal(falcon_lanes_help(), 20);
	assert_int_equal(work_of_owner, 0);
	assert_int_equal(logged, 2);
	assert_false(falcon_lane_is_idle(1));
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
		unit_case(lane__is_helped_only_when_its_cpu_is_late),
		unit_case(lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu),
		unit_case(lane__is_left_to_the_helper_until_that_is_done),
		unit_case(lane__gives_back_what_no_worker_has_begun_with),
	};

	return unit_run(tests);
}
