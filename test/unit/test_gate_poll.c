// SPDX-License-Identifier: GPL-2.0
/* What the poll of a gate does, in which order, when it comes back, and when it goes home. */

#include "unit.h"
#include "cpus.h"
#include "lanes/flow.h"
#include "lanes/gate.h"
#include "lanes/gate_poll.h"
#include "lanes/handover.h"
#include "lanes/lane.h"
#include "lanes/transit.h"
#include "pipeline/gro_bypass.h"

#define HELP (1000 * 1000UL)	/* ns between two looks for late lanes */

static struct falcon_gate_poll polls[SHIM_CPUS];
static u64 now;			/* ns */
static unsigned int cell_rounds;
static unsigned int late;	/* polls that find work of a lane whose CPU stands still */
static struct falcon_flow *stays;	/* its release can go on in the next poll */

/* The work in its order, and the gate's rounds before each piece: the same, counted at the end. */
static char history[200];
static struct falcon_gate *gate;	/* that is polled */
static u32 rounds;

static void note(const char *work)
{
	assert_int_equal(gate->rounds, rounds);
	assert_true(strlen(history) + strlen(work) + 2 < sizeof(history));
	strcat(strcat(history, work), " ");
}

u64 local_clock(void)
{
	return now;
}

u32 falcon_gro_bypass_cell_rounds(void)
{
	return cell_rounds;
}

void falcon_bins_empty(struct falcon_bins *bins, struct falcon_runner *runner)
{
	assert_ptr_equal(bins, &gate->poll->bins);
	assert_ptr_equal(runner, &gate->poll->runner);
	note("bins");
}

unsigned int falcon_lanes_help(void)
{
	note("help");
	if (!late)
		return 0;
	late--;
	return 10;
}

void falcon_transit_open(struct falcon_flow *flow)
{
	note("open");
}

void falcon_releases_init(struct falcon_releases *releases, struct napi_struct *napi,
			  unsigned int cpu)
{
	assert_ptr_equal(napi, &falcon_gate_of(cpu)->napi);
	releases->cpu = cpu;
	INIT_LIST_HEAD(&releases->put_off);
	hrtimer_setup(&releases->timer, NULL, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
}

void falcon_releases_stop(struct falcon_releases *releases)
{
	hrtimer_cancel(&releases->timer);
}

void falcon_releases_go(struct falcon_releases *releases, struct list_head *leaving,
			struct falcon_runner *runner)
{
	struct falcon_flow *flow, *next;

	assert_ptr_equal(releases, &gate->poll->releases);
	list_for_each_entry_safe(flow, next, leaving, gate_node)
		if (flow != stays)
			list_del_init(&flow->gate_node);
	list_for_each_entry_safe(flow, next, &releases->put_off, gate_node)
		list_del_init(&flow->gate_node);
	note("release");
}

void falcon_strays_receive(struct falcon_strays *strays, struct falcon_runner *runner)
{
	assert_ptr_equal(strays, &gate->poll->bins.strays);
	note("strays");
}

unsigned int falcon_bins_drop(struct falcon_bins *bins)
{
	shim_assert_bh_off();
	assert_int_equal(cpus_timer(), 0);
	return bins->strays.packets.count;
}

unsigned int falcon_handover_drop(struct falcon_flow *flow)
{
	shim_assert_may_sleep();
	list_del_init(&flow->gate_node);
	return flow->waiting.count;
}

void falcon_runner_init(struct falcon_runner *runner, struct net_device *dev)
{
}

void falcon_runner_exit(struct falcon_runner *runner)
{
}

/* Each case is a softirq on CPU 0. */
static int start(void **state)
{
	unsigned int cpu;
	int err;

	cpus_start();
	err = falcon_gates_alloc(NULL, falcon_gate_poll_run);
	if (err)
		return err;
	memset(polls, 0, sizeof(polls));
	for (cpu = 0; cpu < SHIM_CPUS; cpu++)
		falcon_gate_poll_init(&polls[cpu], falcon_gate_of(cpu), NULL);
	now = HELP;
	cell_rounds = 0;
	late = 0;
	stays = NULL;
	cpus_softirq();
	return 0;
}

static int stop(void **state)
{
	unsigned int cpu;

	cpus_process();
	falcon_gates_stop();
	for (cpu = 0; cpu < SHIM_CPUS; cpu++)
		falcon_gate_poll_exit(&polls[cpu]);
	falcon_gates_free();
	return 0;
}

static bool is_scheduled(unsigned int of)
{
	return test_bit(NAPI_STATE_SCHED, &falcon_gate_of(of)->napi.state);
}

/* Poll a gate, and assert that the poll did this work, and counts if it did any. */
static void poll_does(unsigned int cpu, unsigned int of, const char *work)
{
	gate = falcon_gate_of(of);
	rounds = gate->rounds;
	history[0] = '\0';
	/* The kernel's budget is for packets, of which the gate never counts any. */
	assert_int_equal(cpus_poll(cpu, &gate->napi, NAPI_POLL_WEIGHT), 0);
	assert_string_equal(history, work);
	assert_int_equal(gate->rounds, rounds + !!*work);
}

/* Schedule the gate of CPU 0 and poll it. */
static void poll_here_does(const char *work)
{
	napi_schedule(&falcon_gate_of(0)->napi);
	poll_does(0, 0, work);
}

static struct falcon_flow gated(void)
{
	return (struct falcon_flow){ .gate_in_cell = true };
}

static void gate_poll__does_all_its_work_in_order(void **state)
{
	struct falcon_flow one = gated(), other = gated(), leaves = {};

	falcon_gate_shut(falcon_gate_of(0), &one);
	falcon_gate_shut(falcon_gate_of(0), &other);
	falcon_gate_release(0, &leaves);
	poll_does(0, 0, "bins help open open release strays ");
	assert_false(is_scheduled(0));
	/* Nothing waits any more, and no millisecond has passed. */
	poll_here_does("bins strays ");
	assert_false(is_scheduled(0));
}

static void gate_poll__comes_back_while_its_gate_is_shut(void **state)
{
	struct falcon_flow flow = gated();

	cell_rounds = 2;
	falcon_gate_shut(falcon_gate_of(0), &flow);
	poll_here_does("bins help strays ");
	assert_true(is_scheduled(0));
	poll_does(0, 0, "bins strays ");
	assert_true(is_scheduled(0));
	poll_does(0, 0, "bins open strays ");
	assert_false(is_scheduled(0));
}

static void gate_poll__looks_for_late_lanes_once_in_a_millisecond(void **state)
{
	poll_here_does("bins help strays ");
	now += HELP - 1;
	poll_here_does("bins strays ");
	now++;
	poll_here_does("bins help strays ");
}

static void gate_poll__goes_on_with_late_lanes_until_none_is_left(void **state)
{
	late = 2;
	poll_here_does("bins help strays ");
	assert_true(is_scheduled(0));
	poll_does(0, 0, "bins help strays ");
	assert_true(is_scheduled(0));
	poll_does(0, 0, "bins help strays ");
	assert_false(is_scheduled(0));
}

static void gate_poll__comes_back_for_a_flow_that_it_could_not_release_at_once(void **state)
{
	struct falcon_flow first = {}, second = {};

	stays = &second;
	falcon_gate_release(0, &first);
	falcon_gate_release(0, &second);
	poll_does(0, 0, "bins help release strays ");
	assert_true(is_scheduled(0));
	stays = NULL;
	poll_does(0, 0, "bins release strays ");
	assert_false(is_scheduled(0));
	poll_here_does("bins strays ");
}

/* As the timer says, which a poll in between does not wait for. */
static void gate_poll__releases_what_was_put_off_when_it_is_time(void **state)
{
	struct falcon_releases *releases = &polls[0].releases;
	struct falcon_flow flow = {};

	list_add_tail(&flow.gate_node, &releases->put_off);
	hrtimer_start(&releases->timer, 1, HRTIMER_MODE_REL_PINNED);
	poll_here_does("bins help strays ");
	hrtimer_cancel(&releases->timer);
	poll_here_does("bins release strays ");
	poll_here_does("bins strays ");
}

static void gate_poll__stands_in_for_a_cpu_that_is_offline(void **state)
{
	struct falcon_flow flow = {};

	shim_offline = 1;
	shim_cpu = 2;
	falcon_gate_release(1, &flow);
	poll_does(2, 1, "bins help release strays ");
}

/* CPU 2 stood in for CPU 1, whose bins nobody else may touch by now. */
static void gate_poll__goes_home_when_its_cpu_is_back(void **state)
{
	struct falcon_flow flow = {};

	shim_offline = 1;
	shim_cpu = 2;
	falcon_gate_release(1, &flow);
	shim_offline = SHIM_CPUS;
	poll_does(2, 1, "");
	assert_false(falcon_gates_are_flushed(true));
	assert_true(is_scheduled(1));
	assert_int_equal(falcon_gate_of(1)->napi.cpu, 1);
	poll_does(1, 1, "bins help release strays ");
	assert_false(is_scheduled(1));
	assert_true(falcon_gates_are_flushed(false));
}

/* CPU 1 runs softirqs before it counts as online, so no other one may poll beside it. */
static void gate_poll__waits_for_a_cpu_that_comes(void **state)
{
	shim_offline = 1;
	shim_cpu = 2;
	napi_schedule(&falcon_gate_of(1)->napi);
	falcon_gate_cpu_comes(1);
	poll_does(2, 1, "");
	assert_false(is_scheduled(1));
	assert_false(falcon_gates_are_flushed(true));
	shim_offline = SHIM_CPUS;
	cpus_process();
	falcon_gate_cpu_came(1);
	poll_does(1, 1, "bins help strays ");
	assert_true(falcon_gates_are_flushed(false));
}

/* The kernel polls again where it did: the next poll goes home. */
static void gate_poll__that_was_scheduled_meanwhile_goes_home_later(void **state)
{
	shim_offline = 1;
	shim_cpu = 2;
	napi_schedule(&falcon_gate_of(1)->napi);
	napi_schedule(&falcon_gate_of(1)->napi);
	shim_offline = SHIM_CPUS;
	poll_does(2, 1, "");
	assert_int_equal(shim_calls, 0);
	assert_true(is_scheduled(1));
	poll_does(2, 1, "");
	assert_int_equal(shim_calls, 1);
	poll_does(1, 1, "bins help strays ");
}

static void gate_poll__stop_counts_what_no_poll_has_handed_over(void **state)
{
	polls[0].bins.strays.packets.count = 7;
	hrtimer_start(&polls[0].releases.timer, 1, HRTIMER_MODE_REL_PINNED);
	cpus_process();
	assert_int_equal(falcon_gate_poll_stop(&polls[0]), 7);
	assert_int_equal(falcon_gate_poll_stop(&polls[1]), 0);
	assert_int_equal(shim_bh_off, 0);
}

/* Those that were to be released, and those that were put off. */
static void gate_poll__drop_counts_the_packets_of_flows_that_nobody_has(void **state)
{
	struct falcon_flow flows[4] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flows); i++)
		flows[i].waiting.count = 1 << i;
	falcon_gate_release(0, &flows[0]);
	falcon_gate_release(0, &flows[1]);
	list_add_tail(&flows[2].gate_node, &polls[0].releases.put_off);
	list_add_tail(&flows[3].gate_node, &polls[0].releases.put_off);
	cpus_process();
	assert_int_equal(falcon_gate_poll_drop(&polls[0]), 1 + 2 + 4 + 8);
	assert_int_equal(falcon_gate_poll_drop(&polls[0]), 0);
	assert_int_equal(shim_bh_off, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(gate_poll__does_all_its_work_in_order),
		unit_case(gate_poll__comes_back_while_its_gate_is_shut),
		unit_case(gate_poll__looks_for_late_lanes_once_in_a_millisecond),
		unit_case(gate_poll__goes_on_with_late_lanes_until_none_is_left),
		unit_case(gate_poll__comes_back_for_a_flow_that_it_could_not_release_at_once),
		unit_case(gate_poll__releases_what_was_put_off_when_it_is_time),
		unit_case(gate_poll__stands_in_for_a_cpu_that_is_offline),
		unit_case(gate_poll__goes_home_when_its_cpu_is_back),
		unit_case(gate_poll__waits_for_a_cpu_that_comes),
		unit_case(gate_poll__that_was_scheduled_meanwhile_goes_home_later),
		unit_case(gate_poll__stop_counts_what_no_poll_has_handed_over),
		unit_case(gate_poll__drop_counts_the_packets_of_flows_that_nobody_has),
	};

	return unit_run(tests);
}
