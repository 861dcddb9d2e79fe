// SPDX-License-Identifier: GPL-2.0

#include "core/plan.h"
#include "core/stats.h"
#include "lanes/runner.h"
#include "rig.h"

u64 rig_clock;
rig_call rig_at_clock;
struct falcon_plan *falcon_plan;
DEFINE_PER_CPU(struct falcon_stats, falcon_stats);

u64 local_clock(void)
{
	rig_call call = rig_at_clock;

	rig_at_clock = NULL;
	if (call)
		call();
	return rig_clock;
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

static struct done history[128];
unsigned int rig_logged, rig_refused;
const struct falcon_flow *rig_stuck;
rig_call rig_meanwhile;

static void note(const struct falcon_flow *flow, u32 first, unsigned int count)
{
	assert_true(rig_logged < ARRAY_SIZE(history));
	history[rig_logged++] = (struct done){ flow, first, count };
}

static unsigned int process(struct falcon_flow *flow, u32 first, unsigned int count,
			    struct falcon_runner *runner)
{
	rig_call call = rig_meanwhile;

	note(flow, first, count);
	rig_meanwhile = NULL;
	if (call)
		call();
	return 10 * count;
}

static int deliver(struct falcon_flow *flow, unsigned int budget)
{
	if (flow == rig_stuck) {
		rig_refused++;
		return -EAGAIN;
	}
	note(flow, 0, 0);
	return 10;
}

static const struct falcon_lane_ops ops = { .process = process, .deliver = deliver };

int rig_start(void)
{
	int err;

	cpus_start();
	rig_clock = 1000 * MS;
	rig_logged = 0;
	rig_refused = 0;
	rig_stuck = NULL;
	rig_meanwhile = NULL;
	rig_at_clock = NULL;
	falcon_plan = NULL;
	err = falcon_lanes_alloc(NULL, &ops);
	cpus_softirq();
	return err;
}

void rig_stop(void)
{
	cpus_process();
	falcon_lanes_stop();
	assert_int_equal(cpus_timer(), 0);
	falcon_lanes_free();
}

struct falcon_flow rig_merged(void)
{
	return (struct falcon_flow){
		.trial = { .over = true, .hits = FALCON_TRIAL_RUNS }, .watched = jiffies
	};
}

struct falcon_run rig_run(struct falcon_flow *flow, u32 number, u8 prio)
{
	return (struct falcon_run){
		.flow = flow, .number = number, .prio = prio, .taken = 10, .posts = 1
	};
}

void rig_queue(unsigned int cpu, struct falcon_run *run)
{
	struct falcon_lane *to_wake = NULL;

	falcon_lane_queue(cpu, run, &to_wake);
	falcon_lane_add(cpu, run->taken);
	falcon_lanes_wake(to_wake);
}

void rig_queue_delivery(unsigned int cpu, struct falcon_flow *flow)
{
	struct falcon_lane *to_wake = NULL;

	falcon_lane_deliver(cpu, flow, &to_wake);
	falcon_lanes_wake(to_wake);
}

int rig_poll_by(unsigned int cpu, unsigned int lane, int budget)
{
	return cpus_poll(cpu, shim_napis[lane], budget);
}

int rig_poll(unsigned int cpu)
{
	return rig_poll_by(cpu, cpu, NAPI_POLL_WEIGHT);
}

void rig_assert_done(unsigned int at, const struct falcon_flow *flow, u32 first,
		     unsigned int count)
{
	assert_true(at < rig_logged);
	assert_ptr_equal(history[at].flow, flow);
	assert_int_equal(history[at].first, first);
	assert_int_equal(history[at].count, count);
}
