// SPDX-License-Identifier: GPL-2.0

#include <linux/compiler.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"
#include "choice.h"

/* Invariants of every spread: distinct CPUs of the set, as many as there are, never here. */
static void check_spread(const struct falcon_choice *choice, unsigned int workers, bool own,
			 const struct falcon_spread *spread)
{
	unsigned int others = choice->count - is_in(choice->cpus, choice->count, choice->here);
	unsigned int wanted = workers + own < others ? workers + own : others;
	bool apart = own && others > 1;
	unsigned int i;

	assert_int_equal(spread->count, wanted - apart);
	for (i = 0; i < spread->count; i++) {
		assert_true(is_in(choice->cpus, choice->count, spread->workers[i]));
		assert_int_not_equal(spread->workers[i], choice->here);
		assert_false(is_in(spread->workers, i, spread->workers[i]));
	}
	if (!others) {
		assert_int_equal(spread->delivery, FALCON_NO_CPU);
	} else if (apart) {
		assert_true(is_in(choice->cpus, choice->count, spread->delivery));
		assert_int_not_equal(spread->delivery, choice->here);
		assert_false(is_in(spread->workers, spread->count, spread->delivery));
	} else {
		assert_int_equal(spread->delivery, spread->workers[0]);
	}
}

/* One choice with every number of workers, with and without a CPU for the delivery. */
static void check_spreads(const struct falcon_choice *choice)
{
	struct falcon_spread spread;
	unsigned int workers;

	for (workers = 1; workers <= FALCON_WORKERS_MAX; workers++) {
		memset(&spread, 0xa5, sizeof(spread));
		falcon_policy_spread(choice, workers, true, FALCON_STAY, &spread);
		check_spread(choice, workers, true, &spread);
		memset(&spread, 0xa5, sizeof(spread));
		falcon_policy_spread(choice, workers, false, FALCON_STAY, &spread);
		check_spread(choice, workers, false, &spread);
	}
}

static void spread__counts_and_cpus_of_every_set(void **state)
{
	unsigned int i, count, here;
	u32 seed = 8;

	for (count = 0; count <= COUNT(CPUS); count++)
		for (here = 0; here <= count; here++)
			for (i = 0; i < 100; i++) {
				struct falcon_choice choice = of(CPUS, count, hash_at(i, &seed));

				/* 7 is not in the set */
				choice.here = here < count ? CPUS[here] : 7;
				check_spreads(&choice);
			}
}

static void spread__one_cpu_works_and_delivers(void **state)
{
	struct falcon_choice choice = of(CPUS + 3, 1, 0x80000000);
	struct falcon_spread spread;

	falcon_policy_spread(&choice, 3, true, FALCON_STAY, &spread);
	assert_int_equal(spread.count, 1);
	assert_int_equal(spread.workers[0], 5);
	assert_int_equal(spread.delivery, 5);
	choice.here = 5;
	falcon_policy_spread(&choice, 3, true, FALCON_STAY, &spread);
	assert_int_equal(spread.count, 0);
	assert_int_equal(spread.delivery, FALCON_NO_CPU);
}

static void spread__delivery_comes_before_a_further_worker(void **state)
{
	struct falcon_choice choice = of(CPUS, 3, 0x12345678);
	struct falcon_spread spread;

	/* Three CPUs for three workers: two work, and one delivers. */
	falcon_policy_spread(&choice, 3, true, FALCON_STAY, &spread);
	assert_int_equal(spread.count, 2);
	assert_false(is_in(spread.workers, 2, spread.delivery));
	falcon_policy_spread(&choice, 3, false, FALCON_STAY, &spread);
	assert_int_equal(spread.count, 3);
	assert_int_equal(spread.delivery, spread.workers[0]);
}

static void spread__does_not_look_at_avoid(void **state)
{
	struct falcon_choice choice = of(CPUS, 4, 0x9e3779b9);
	struct falcon_spread spread, again;

	falcon_policy_spread(&choice, 2, true, FALCON_STAY, &spread);
	choice.avoid[0] = spread.workers[0];
	choice.avoid[1] = spread.delivery;
	falcon_policy_spread(&choice, 2, true, FALCON_STAY, &again);
	assert_int_equal(again.count, spread.count);
	assert_memory_equal(again.workers, spread.workers, spread.count * sizeof(u16));
	assert_int_equal(again.delivery, spread.delivery);
}

/* From any CPU, each of the other seven gets an equal part of workers and of deliveries. */
static void check_even_spread(u16 here, unsigned int others)
{
	enum { SAMPLES = 70000 };
	unsigned int worked[64] = { 0 }, delivered[64] = { 0 }, share = SAMPLES / others, i;
	u32 seed = 9;

	for (i = 0; i < SAMPLES; i++) {
		struct falcon_choice choice = of(CPUS, COUNT(CPUS), unit_random(&seed));
		struct falcon_spread spread;

		choice.here = here;
		falcon_policy_spread(&choice, 2, true, FALCON_STAY, &spread);
		assert_int_equal(spread.count, 2);
		worked[spread.workers[0]]++;
		worked[spread.workers[1]]++;
		delivered[spread.delivery]++;
	}
	for (i = 0; i < COUNT(CPUS); i++) {
		if (CPUS[i] == here)
			continue;
		assert_in_range(worked[CPUS[i]], 2 * share - share / 5, 2 * share + share / 5);
		assert_in_range(delivered[CPUS[i]], share - share / 10, share + share / 10);
	}
}

static void spread__uses_every_cpu_evenly(void **state)
{
	check_even_spread(FALCON_NO_CPU, 8);
	check_even_spread(0, 7);
	check_even_spread(5, 7);
	check_even_spread(34, 7);
}

static void spread__gives_the_idlest_cpu_to_the_worker(void **state)
{
	struct falcon_spread spread = {};
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];

	set_loads(&choice, cpus, (u8[8]){ 90, 90, 5, 90, 40, 90, 90, 90 },
		  FALCON_POLICY_LEAST_LOADED);
	falcon_policy_spread(&choice, 1, true, FALCON_STAY, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
	assert_int_equal(spread.delivery, CPUS[4]);
	/* One more worker does not take the delivery's CPU. */
	falcon_policy_spread(&choice, 2, true, FALCON_STAY, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
	assert_int_not_equal(spread.workers[1], CPUS[4]);
	assert_int_equal(spread.delivery, CPUS[4]);
}

static void random_loads(struct falcon_choice *choice, struct falcon_cpu *cpus, u32 policy,
			 u32 *seed)
{
	unsigned int i;
	u8 loads[8];

	for (i = 0; i < 8; i++)
		loads[i] = unit_random(seed) % 101;
	set_loads(choice, cpus, loads, policy);
	choice->hash = unit_random(seed);
}

static void spread__is_valid_by_every_policy_under_every_load(void **state)
{
	struct falcon_choice choice;
	struct falcon_spread spread;
	struct falcon_cpu cpus[64];
	unsigned int i, workers;
	u32 seed = 14;

	for (i = 0; i < 20000; i++) {
		random_loads(&choice, cpus, i % (FALCON_POLICY_MAX + 1), &seed);
		choice.count = 1 + unit_random(&seed) % 8;
		choice.here = i % 3 ? CPUS[unit_random(&seed) % 8] : 7;
		cpus[7].sibling = FALCON_NO_CPU;
		/* From any spread before, as another plan may have made it. */
		if (i % 5 == 0)
			spread.count = 0;
		workers = 1 + unit_random(&seed) % FALCON_WORKERS_MAX;
		falcon_policy_spread(&choice, workers, i % 2, unit_random(&seed) % 120, &spread);
		check_spread(&choice, workers, i % 2, &spread);
	}
}

static void spread__leaves_the_application_its_cpu_by_auto(void **state)
{
	const u8 loads[8] = { 0, 0, 10, 90, 90, 90, 90, 90 };
	struct falcon_spread spread = {};
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];

	set_loads(&choice, cpus, loads, FALCON_POLICY_AUTO);
	choice.here = CPUS[0];
	falcon_policy_spread(&choice, 1, false, 20, &spread);
	assert_int_equal(spread.workers[0], CPUS[1]);
	/* The application arrives: its work of 20 and the hysteresis justify a move. */
	choice.app = CPUS[1];
	cpus[CPUS[1]].load = 40;
	falcon_policy_spread(&choice, 1, false, 20, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
	/* Another CPU that is equally near is no reason to move. */
	choice.app = CPUS[4];
	cpus[CPUS[1]].load = 0;
	falcon_policy_spread(&choice, 1, false, 20, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
	/* Sharing the application's CPU is better than an overloaded CPU. */
	choice.app = CPUS[2];
	cpus[CPUS[1]].load = 90;
	spread.count = 0;
	falcon_policy_spread(&choice, 1, false, 20, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
}

static void spread__ignores_the_application_with_least_loaded(void **state)
{
	struct falcon_spread spread = {};
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];

	set_loads(&choice, cpus, (u8[8]){ 90, 90, 5, 90, 90, 90, 90, 90 },
		  FALCON_POLICY_LEAST_LOADED);
	choice.app = CPUS[2];
	falcon_policy_spread(&choice, 1, false, 20, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
	cpus[CPUS[3]].load = 0;
	falcon_policy_spread(&choice, 1, false, 20, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
}

/* Two nodes of four CPUs: the NIC is on one node, the application on the other. */
static void spread__delivers_near_the_application_and_works_near_the_nic(void **state)
{
	struct falcon_spread spread = {};
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];
	unsigned int i;
	u32 seed = 22;

	set_loads(&choice, cpus, (u8[8]){}, FALCON_POLICY_AUTO);
	for (i = 4; i < 8; i++)
		cpus[CPUS[i]].node = 1;
	choice.here = CPUS[0];
	for (i = 0; i < 1000; i++) {
		choice.hash = unit_random(&seed);
		spread.count = 0;
		choice.app = FALCON_NO_CPU;
		falcon_policy_spread(&choice, 2, true, 10, &spread);
		assert_int_equal(cpus[spread.delivery].node, 0);
		/* Then the application's CPU is known, and the flow has been there for a while. */
		choice.app = CPUS[5];
		falcon_policy_spread(&choice, 2, true, 10, &spread);
		assert_int_equal(cpus[spread.delivery].node, 1);
		assert_int_not_equal(spread.delivery, choice.app);
		assert_int_equal(cpus[spread.workers[0]].node, 0);
		assert_int_equal(cpus[spread.workers[1]].node, 0);
	}
}

/* A CPU that is good for the flow keeps it, whatever the loads elsewhere. */
static void spread__settles_with_an_application(void **state)
{
	struct falcon_spread spread = {}, before;
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];
	unsigned int i, j, changes;
	u32 seed = 23;

	for (i = 0; i < 5000; i++) {
		random_loads(&choice, cpus, FALCON_POLICY_AUTO, &seed);
		for (j = 0; j < 8; j++) {
			cpus[CPUS[j]].node = j / 4;
			cpus[CPUS[j]].domain = j / 2;
		}
		choice.here = CPUS[unit_random(&seed) % 8];
		choice.app = CPUS[unit_random(&seed) % 8];
		spread.count = 0;
		for (j = 0, changes = 0; j < 10; j++) {
			before = spread;
			falcon_policy_spread(&choice, 1 + i % 3, i % 2, 20, &spread);
			changes += memcmp(&before, &spread, sizeof(spread)) != 0;
		}
		/* The first spread, and then moves to CPUs that the others leave. */
		assert_in_range(changes, 0, 4);
	}
}

/* Loads that sampling and other flows change during a choice. */
struct swing {
	struct falcon_cpu	cpus[64];
	atomic_bool		done;
};

static void *swing_loads(void *data)
{
	struct swing *swing = data;
	unsigned int i;
	u8 load = 0;

	while (!atomic_load(&swing->done)) {
		load = load ? 0 : 100;
		for (i = 0; i < COUNT(CPUS); i++) {
			WRITE_ONCE(swing->cpus[CPUS[i]].load, load);
			WRITE_ONCE(swing->cpus[CPUS[i]].expected, load);
		}
	}
	return NULL;
}

static void spread__is_valid_while_loads_change(void **state)
{
	static struct swing swing;
	struct falcon_spread spread = {};
	struct falcon_choice choice;
	unsigned int i, workers;
	pthread_t thread;
	u32 seed = 21;

	(void)state;
	set_loads(&choice, swing.cpus, (u8[8]){}, FALCON_POLICY_AUTO);
	assert_int_equal(pthread_create(&thread, NULL, swing_loads, &swing), 0);
	for (i = 0; i < 300000; i++) {
		choice.policy = i % 2 ? FALCON_POLICY_AUTO : FALCON_POLICY_LEAST_LOADED;
		choice.hash = unit_random(&seed);
		choice.here = CPUS[i % 8];
		spread.count = 0;
		workers = 1 + i % 4;
		falcon_policy_spread(&choice, workers, i % 3 > 0, 10, &spread);
		check_spread(&choice, workers, i % 3 > 0, &spread);
		assert_int_not_equal(falcon_policy_choose(&choice), FALCON_NO_CPU);
	}
	atomic_store(&swing.done, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spread__counts_and_cpus_of_every_set),
		cmocka_unit_test(spread__one_cpu_works_and_delivers),
		cmocka_unit_test(spread__delivery_comes_before_a_further_worker),
		cmocka_unit_test(spread__does_not_look_at_avoid),
		cmocka_unit_test(spread__uses_every_cpu_evenly),
		cmocka_unit_test(spread__gives_the_idlest_cpu_to_the_worker),
		cmocka_unit_test(spread__is_valid_by_every_policy_under_every_load),
		cmocka_unit_test(spread__leaves_the_application_its_cpu_by_auto),
		cmocka_unit_test(spread__ignores_the_application_with_least_loaded),
		cmocka_unit_test(spread__delivers_near_the_application_and_works_near_the_nic),
		cmocka_unit_test(spread__settles_with_an_application),
		cmocka_unit_test(spread__is_valid_while_loads_change),
	};

	return unit_run(tests);
}
