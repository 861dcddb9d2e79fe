// SPDX-License-Identifier: GPL-2.0
/* The policies on a simulated host: where flows settle, and that they stay there. */

#include "unit.h"
#include "host.h"

#define SECOND 10	/* steps */

static const unsigned int SIZES[] = { 8, 16, 32, 64, 128 };
#define FOR_EACH_SIZE(size) \
	for (size = SIZES; size < SIZES + sizeof(SIZES) / sizeof(SIZES[0]); size++)

static struct host host;

/* Flows of all sizes, from NICs with four queues. */
static void crowd(u32 policy, unsigned int workers, unsigned int cpus, unsigned int flows,
		  unsigned int work)
{
	u32 seed = 77;
	unsigned int i;

	host_init(&host, cpus, policy, workers);
	for (i = 0; i < flows; i++) {
		host_add(&host, unit_random(&seed), i % 4, 8, work / 2 + unit_random(&seed) % work);
		host_run(&host, 1);
	}
	host_run(&host, 20 * SECOND);
}

static void one_flow__gets_workers_while_that_lowers_the_busiest_cpu(void **state)
{
	static const struct { unsigned int nic, work, workers; } cases[] = {
		{ 20, 30, 1 },	/* not worth another CPU */
		{ 60, 65, 1 },	/* the NIC's CPU is the busiest as it is */
		{ 40, 90, 2 }, { 30, 140, 4 }, { 90, 95, 1 }, { 10, 380, 6 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct host_flow *flow;

		host_init(&host, 10, FALCON_POLICY_AUTO, 0);
		flow = host_add(&host, 12345, 0, cases[i].nic, cases[i].work);
		host_run(&host, 30 * SECOND);
		assert_int_equal(flow->spread.count, cases[i].workers);
		assert_int_equal(flow->changes, cases[i].workers - 1);
	}
}

/*
 * UDP of 1400 bytes at multiples of the rate that one CPU can process without falcon. The costs are
 * in percent of that CPU: per packet, for the NIC's CPU, the workers and the delivery in lanes.
 */
static void one_flow__beyond_one_cpus_limit_gets_the_workers_that_it_needs(void **state)
{
	static const struct { double nic, work, delivery; } costs[] = {
		{ 27, 47, 17 }, { 15, 47, 17 }, { 9, 47, 17 },
	};
	double rate, best, several;
	struct host_flow *flow;
	unsigned int i, count;

	for (i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		for (rate = 0.5; rate <= 4 && rate * costs[i].nic < 100; rate += 0.25) {
			host_init(&host, 10, FALCON_POLICY_AUTO, 0);
			flow = host_add(&host, 31415, 0, rate * costs[i].nic,
					rate * costs[i].work);
			flow->delivery = rate * costs[i].delivery;
			host_run(&host, 30 * SECOND);
			best = rate * costs[i].work;
			for (count = 2; count <= FALCON_WORKERS_MAX; count++) {
				several = rate * (costs[i].work + costs[i].delivery) / count;
				best = several < best ? several : best;
			}
			best = best > flow->nic ? best : flow->nic;
			/* A flow that takes half of each CPU does not need another one. */
			assert_true(host_busiest(&host) <= best + FALCON_HYSTERESIS + 1 ||
				    host_busiest(&host) < 55);
		}
	}
}

static void one_flow__gives_workers_back_when_it_needs_fewer(void **state)
{
	struct host_flow *flow;

	host_init(&host, 8, FALCON_POLICY_AUTO, 0);
	flow = host_add(&host, 99, 0, 30, 180);
	host_run(&host, 20 * SECOND);
	assert_true(flow->spread.count >= 3);
	flow->work = 25;
	flow->nic = 5;
	host_run(&host, 20 * SECOND);
	assert_int_equal(flow->spread.count, 1);
}

static void one_flow__that_fills_its_cpu_does_not_wander(void **state)
{
	u32 policy;

	for (policy = FALCON_POLICY_HASH; policy <= FALCON_POLICY_AUTO; policy++) {
		host_init(&host, 8, policy, 1);
		host_add(&host, 4711, 0, 50, 98);
		host_run(&host, 60 * SECOND);
		assert_int_equal(host_changes(&host), 0);
	}
}

/* FALCON's experiment: another task begins to work on a worker's CPU. */
static void sudden_load__is_left_by_all_policies_but_hash(void **state)
{
	u32 policy;

	for (policy = FALCON_POLICY_HASH; policy <= FALCON_POLICY_AUTO; policy++) {
		struct host_flow *flow;
		double busiest;
		u16 cpu;

		host_init(&host, 8, policy, 1);
		flow = host_add(&host, 815, 0, 30, 40);
		host_run(&host, 5 * SECOND);
		cpu = flow->spread.workers[0];
		host.others[cpu] = 80;
		host_run(&host, 3 * SECOND);
		busiest = host_demand(&host, flow->spread.workers[0]);
		if (policy == FALCON_POLICY_HASH) {
			assert_int_equal(flow->spread.workers[0], cpu);
			assert_int_equal(busiest, 120);
		} else {
			assert_int_not_equal(flow->spread.workers[0], cpu);
			assert_int_equal(busiest, 40);
		}
		host_run(&host, 30 * SECOND);
		assert_true(flow->changes <= 1);
	}
}

static void many_flows__settle_on_every_size_of_host(void **state)
{
	const unsigned int *size;
	unsigned int before;
	u32 policy;

	for (policy = FALCON_POLICY_TWO_CHOICE; policy <= FALCON_POLICY_AUTO; policy++)
		FOR_EACH_SIZE(size) {
			crowd(policy, 0, *size, *size, 40);
			assert_true(host_changes(&host) <= 2 * host.flows);
			/* From then on hardly any flow moves; on a small host none does. */
			before = host_changes(&host);
			host_run(&host, 20 * SECOND);
			assert_true(host_changes(&host) - before <= host.flows / 32);
		}
}

static void many_flows__are_spread_better_than_by_hash(void **state)
{
	double by_hash, by_load;
	const unsigned int *size;

	FOR_EACH_SIZE(size) {
		crowd(FALCON_POLICY_HASH, 1, *size, *size, 40);
		by_hash = host_busiest(&host);
		crowd(FALCON_POLICY_TWO_CHOICE, 1, *size, *size, 40);
		assert_true(host_busiest(&host) <= by_hash);
		crowd(FALCON_POLICY_LEAST_LOADED, 1, *size, *size, 40);
		by_load = host_busiest(&host);
		assert_true(by_load < by_hash);
		crowd(FALCON_POLICY_AUTO, 1, *size, *size, 40);
		assert_true(host_busiest(&host) < by_hash);
	}
}

static void flows_of_one_moment__do_not_all_go_to_the_least_loaded_cpu(void **state)
{
	unsigned int i, cpu;
	u32 seed = 5, policy;

	for (policy = FALCON_POLICY_LEAST_LOADED; policy <= FALCON_POLICY_AUTO; policy++) {
		host_init(&host, 16, policy, 1);
		for (cpu = 0; cpu < 16; cpu++)
			host.state[cpu].load = cpu == 9 ? 0 : 30;
		for (i = 0; i < 64; i++)
			host_add(&host, unit_random(&seed), 0, 1, 10);
		/* CPU 9 gets more of the flows, but not all, and every CPU gets some. */
		assert_in_range(host_demand(&host, 9), 60, 200);
		for (cpu = 1; cpu < 16; cpu++)
			assert_in_range(host_demand(&host, cpu), 10, cpu == 9 ? 200 : 90);
	}
}

static void busy_host__is_left_as_it_is(void **state)
{
	unsigned int cpu, i;
	u32 seed = 3;

	host_init(&host, 16, FALCON_POLICY_AUTO, 0);
	for (cpu = 0; cpu < 16; cpu++)
		host.others[cpu] = 95;
	for (i = 0; i < 16; i++)
		host_add(&host, unit_random(&seed), i % 2, 10, 30);
	host_run(&host, 5 * SECOND);
	i = host_changes(&host);
	host_run(&host, 60 * SECOND);
	assert_int_equal(host_changes(&host), i);
}

/* Loads that fluctuate, as measured ones do. */
static void swinging_load__does_not_make_flows_flap(void **state)
{
	unsigned int i, cpu;
	u32 seed = 8;

	host_init(&host, 16, FALCON_POLICY_AUTO, 0);
	for (i = 0; i < 12; i++)
		host_add(&host, unit_random(&seed), i % 2, 5, 45);
	for (i = 0; i < 120 * SECOND; i++) {
		for (cpu = 2; cpu < 16; cpu++)
			host.others[cpu] = 20 + unit_random(&seed) % 40;
		host_run(&host, 1);
	}
	/* Twelve flows in two minutes: each of them moves less and less often. */
	assert_true(host_changes(&host) <= 12 * 9);
	i = host_changes(&host);
	host_run(&host, 60 * SECOND);
	assert_true(host_changes(&host) - i <= 12 * 2);
}

static void auto__stays_in_the_nics_cache_and_node_while_there_is_room(void **state)
{
	struct host_flow *flow;
	unsigned int cpu;

	/* Two nodes of two caches of eight CPUs each. */
	host_init(&host, 32, FALCON_POLICY_AUTO, 4);
	for (cpu = 0; cpu < 32; cpu++) {
		host.state[cpu].node = cpu / 16;
		host.state[cpu].domain = cpu / 8 * 8;
	}
	flow = host_add(&host, 0xfeedbeef, 17, 20, 40);
	for (cpu = 0; cpu < flow->spread.count; cpu++)
		assert_in_range(flow->spread.workers[cpu], 16, 23);

	/*
	 * If the cache domain is full, the node's other one is next; if the node is full, the other
	 * node.
	 */
	for (cpu = 16; cpu < 24; cpu++)
		host.state[cpu].load = 60;
	flow = host_add(&host, 0xfeedbeef, 17, 20, 40);
	assert_in_range(flow->spread.workers[0], 24, 31);
	for (cpu = 16; cpu < 32; cpu++)
		host.state[cpu].load = 80;
	flow = host_add(&host, 0xfeedbeef, 17, 20, 40);
	assert_in_range(flow->spread.workers[0], 0, 15);
}

static void auto__takes_the_other_thread_of_the_nics_core_last(void **state)
{
	unsigned int cpu, i;
	u32 seed = 4;

	for (i = 0; i < 200; i++) {
		struct host_flow *flow;

		host_init(&host, 8, FALCON_POLICY_AUTO, 1);
		for (cpu = 0; cpu < 8; cpu++)
			host.state[cpu].sibling = cpu ^ 1;
		flow = host_add(&host, unit_random(&seed), 4, 20, 40);
		assert_int_not_equal(flow->spread.workers[0], 5);
	}
	host_init(&host, 2, FALCON_POLICY_AUTO, 1);
	host.state[0].sibling = 1;
	host.state[1].sibling = 0;
	assert_int_equal(host_add(&host, 1, 0, 20, 40)->spread.workers[0], 1);
}

static void set__that_changes_keeps_the_cpus_that_are_left(void **state)
{
	struct falcon_spread before;
	struct host_flow *flow;
	unsigned int i;

	host_init(&host, 8, FALCON_POLICY_AUTO, 3);
	flow = host_add(&host, 31337, 0, 20, 60);
	before = flow->spread;
	/* One of the flows ends. */
	for (i = before.workers[1]; i < 7; i++)
		host.set[i]++;
	host.count = 7;
	host_run(&host, 2 * SECOND);
	assert_int_equal(flow->spread.workers[0], before.workers[0]);
	assert_int_not_equal(flow->spread.workers[1], before.workers[1]);
	assert_int_equal(flow->spread.workers[2], before.workers[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow__gets_workers_while_that_lowers_the_busiest_cpu),
		cmocka_unit_test(one_flow__beyond_one_cpus_limit_gets_the_workers_that_it_needs),
		cmocka_unit_test(one_flow__gives_workers_back_when_it_needs_fewer),
		cmocka_unit_test(one_flow__that_fills_its_cpu_does_not_wander),
		cmocka_unit_test(sudden_load__is_left_by_all_policies_but_hash),
		cmocka_unit_test(many_flows__settle_on_every_size_of_host),
		cmocka_unit_test(many_flows__are_spread_better_than_by_hash),
		cmocka_unit_test(flows_of_one_moment__do_not_all_go_to_the_least_loaded_cpu),
		cmocka_unit_test(busy_host__is_left_as_it_is),
		cmocka_unit_test(swinging_load__does_not_make_flows_flap),
		cmocka_unit_test(auto__stays_in_the_nics_cache_and_node_while_there_is_room),
		cmocka_unit_test(auto__takes_the_other_thread_of_the_nics_core_last),
		cmocka_unit_test(set__that_changes_keeps_the_cpus_that_are_left),
	};

	return unit_run(tests);
}
