// SPDX-License-Identifier: GPL-2.0

#include <linux/compiler.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"
#include "policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const u16 CPUS[] = { 0, 2, 3, 5, 8, 13, 21, 34 };

static struct falcon_choice of(const u16 *cpus, unsigned int count, u32 hash)
{
	return (struct falcon_choice) {
		.cpus	= cpus,
		.count	= count,
		.hash	= hash,
		.here	= FALCON_NO_CPU,
		.avoid	= { FALCON_NO_CPU, FALCON_NO_CPU },
	};
}

static bool is_in(const u16 *cpus, unsigned int count, u16 cpu)
{
	while (count--)
		if (cpus[count] == cpu)
			return true;
	return false;
}

/* Hashes that find an off-by-one at the edges of the shares, and many between. */
static u32 hash_at(unsigned int i, u32 *state)
{
	static const u32 edges[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	return i < COUNT(edges) ? edges[i] : unit_random(state);
}

static void choose__empty_set(void **state)
{
	struct falcon_choice choice = of(CPUS, 0, 42);

	assert_int_equal(falcon_policy_choose(&choice), FALCON_NO_CPU);
	choice.cpus = NULL;
	assert_int_equal(falcon_policy_choose(&choice), FALCON_NO_CPU);
}

static void choose__set_of_one(void **state)
{
	struct falcon_choice choice = of(CPUS + 3, 1, 0xffffffff);

	assert_int_equal(falcon_policy_choose(&choice), 5);
	choice.avoid[0] = 5;
	assert_int_equal(falcon_policy_choose(&choice), 5);
	choice.here = 5;
	assert_int_equal(falcon_policy_choose(&choice), FALCON_NO_CPU);
	choice.avoid[0] = FALCON_NO_CPU;
	assert_int_equal(falcon_policy_choose(&choice), FALCON_NO_CPU);
}

static void choose__is_of_the_set_and_never_here(void **state)
{
	u32 seed = 1;
	unsigned int i, count, here;

	for (count = 2; count <= COUNT(CPUS); count++)
		for (here = 0; here <= count; here++)
			for (i = 0; i < 2000; i++) {
				struct falcon_choice choice = of(CPUS, count, hash_at(i, &seed));
				u16 cpu;

				/* 7 is not in the set */
				choice.here = here < count ? CPUS[here] : 7;
				cpu = falcon_policy_choose(&choice);
				assert_true(is_in(CPUS, count, cpu));
				assert_int_not_equal(cpu, choice.here);
			}
}

static void choose__avoids_while_there_is_another(void **state)
{
	u32 seed = 2;
	unsigned int i, a, b, here;

	for (here = 0; here < 4; here++)
		for (a = 0; a < 4; a++)
			for (b = 0; b < 4; b++)
				for (i = 0; i < 500; i++) {
					struct falcon_choice choice = of(CPUS, 4, hash_at(i,
											  &seed));
					u16 cpu;

					choice.here = CPUS[here];
					choice.avoid[0] = CPUS[a];
					choice.avoid[1] = CPUS[b];
					cpu = falcon_policy_choose(&choice);
					assert_int_not_equal(cpu, CPUS[here]);
					assert_int_not_equal(cpu, CPUS[a]);
					assert_int_not_equal(cpu, CPUS[b]);
				}
}

static void choose__takes_an_avoided_one_when_there_is_no_other(void **state)
{
	u32 seed = 3;
	unsigned int i, seen[2] = { 0, 0 };

	for (i = 0; i < 2000; i++) {
		struct falcon_choice choice = of(CPUS, 3, hash_at(i, &seed));
		u16 cpu;

		choice.here = CPUS[0];
		choice.avoid[0] = CPUS[1];
		choice.avoid[1] = CPUS[2];
		cpu = falcon_policy_choose(&choice);
		assert_true(cpu == CPUS[1] || cpu == CPUS[2]);
		seen[cpu == CPUS[2]]++;
	}
	assert_in_range(seen[0], 900, 1100);
	assert_in_range(seen[1], 900, 1100);
}

static void choose__same_hash_same_cpu(void **state)
{
	u32 seed = 4;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		struct falcon_choice choice = of(CPUS, COUNT(CPUS), hash_at(i, &seed));
		struct falcon_choice again = choice;

		assert_int_equal(falcon_policy_choose(&choice), falcon_policy_choose(&again));
		assert_memory_equal(&choice, &again, sizeof(choice));
	}
}

/* @left CPUs may be chosen: each must get its share of many hashes, within a tenth. */
static void check_even(u16 here, u16 avoid0, u16 avoid1, unsigned int left)
{
	enum { SAMPLES = 80000 };
	unsigned int seen[64] = { 0 }, i, share = SAMPLES / left, got = 0;
	u32 seed = 5;

	for (i = 0; i < SAMPLES; i++) {
		struct falcon_choice choice = of(CPUS, COUNT(CPUS), unit_random(&seed));

		choice.here = here;
		choice.avoid[0] = avoid0;
		choice.avoid[1] = avoid1;
		seen[falcon_policy_choose(&choice)]++;
	}
	for (i = 0; i < COUNT(seen); i++) {
		if (!seen[i])
			continue;
		got++;
		assert_in_range(seen[i], share - share / 10, share + share / 10);
	}
	assert_int_equal(got, left);
}

static void choose__spreads_evenly(void **state)
{
	check_even(FALCON_NO_CPU, FALCON_NO_CPU, FALCON_NO_CPU, 8);
}

static void choose__spreads_evenly_over_what_is_left(void **state)
{
	check_even(0, FALCON_NO_CPU, FALCON_NO_CPU, 7);
	check_even(34, FALCON_NO_CPU, FALCON_NO_CPU, 7);
	check_even(2, 3, 5, 5);
	check_even(34, 0, 0, 6);
	check_even(7, 9, 5, 7);
}

/* What is true of every spread: distinct CPUs of the set, as many as there are, never here. */
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

/* One choice, with every number of workers, and with and without a CPU for the delivery. */
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

	/* Three CPUs, three workers wanted: two, and one that delivers. */
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

/* Whichever is here: each of the other seven gets its share of workers and of deliveries. */
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

static void rehash__is_a_bijection_and_moves_every_hash(void **state)
{
	/* Inverse of the multiplier modulo 2^32, by Newton's iteration. */
	u32 factor = falcon_policy_rehash(1) - falcon_policy_rehash(0);
	u32 inverse = factor, seed = 6;
	unsigned int i;

	for (i = 0; i < 5; i++)
		inverse *= 2 - factor * inverse;
	for (i = 0; i < 100000; i++) {
		u32 hash = hash_at(i, &seed);
		u32 other = falcon_policy_rehash(hash);

		assert_int_not_equal(other, hash);
		assert_int_equal((other - falcon_policy_rehash(0)) * inverse, hash);
	}
}

static void rehash__chooses_another_cpu_mostly(void **state)
{
	unsigned int i, same = 0;
	u32 seed = 7;

	for (i = 0; i < 8000; i++) {
		struct falcon_choice choice = of(CPUS, COUNT(CPUS), unit_random(&seed));
		u16 first = falcon_policy_choose(&choice);

		choice.hash = falcon_policy_rehash(choice.hash);
		same += falcon_policy_choose(&choice) == first;
	}
	/* One in eight by chance. */
	assert_in_range(same, 0, 8000 / 4);
}

static void average__reaches_both_ends(void **state)
{
	unsigned int load = 0, i;

	for (i = 0; i < 40 && load < 100; i++)
		load = falcon_policy_average(load, 100);
	assert_int_equal(load, 100);
	for (i = 0; i < 40 && load > 0; i++)
		load = falcon_policy_average(load, 0);
	assert_int_equal(load, 0);
}

static void average__stays_between_load_and_sample(void **state)
{
	unsigned int load, sample, mean;

	for (load = 0; load <= 100; load++)
		for (sample = 0; sample <= 100; sample++) {
			mean = falcon_policy_average(load, sample);
			if (sample > load)
				assert_in_range(mean, load + 1, sample);
			else if (sample < load)
				assert_in_range(mean, sample, load - 1);
			else
				assert_int_equal(mean, load);
		}
}

static void average__weighs_a_sample_a_fifth(void **state)
{
	assert_int_equal(falcon_policy_average(0, 100), 20);
	assert_int_equal(falcon_policy_average(100, 0), 80);
	assert_int_equal(falcon_policy_average(50, 100), 60);
}

static void average__is_monotone(void **state)
{
	unsigned int a, b;

	for (a = 0; a <= 100; a++)
		for (b = 0; b < 100; b++) {
			assert_true(falcon_policy_average(a, b) <= falcon_policy_average(a, b + 1));
			assert_true(falcon_policy_average(b, a) <= falcon_policy_average(b + 1, a));
		}
}

static void above__begins_at_the_threshold(void **state)
{
	unsigned int threshold;

	for (threshold = 1; threshold < 100; threshold++) {
		assert_false(falcon_policy_above(false, threshold - 1, threshold));
		assert_true(falcon_policy_above(false, threshold, threshold));
		assert_true(falcon_policy_above(false, 100, threshold));
	}
}

static void above__ends_below_by_the_hysteresis(void **state)
{
	unsigned int threshold;

	for (threshold = FALCON_HYSTERESIS + 1; threshold < 100; threshold++) {
		assert_true(falcon_policy_above(true, threshold, threshold));
		assert_true(falcon_policy_above(true, threshold - FALCON_HYSTERESIS + 1,
						threshold));
		assert_false(falcon_policy_above(true, threshold - FALCON_HYSTERESIS, threshold));
		assert_false(falcon_policy_above(true, 0, threshold));
	}
}

static void above__always_ends_when_idle(void **state)
{
	unsigned int threshold;

	for (threshold = 1; threshold <= 100; threshold++) {
		assert_false(falcon_policy_above(true, 0, threshold));
		assert_false(falcon_policy_above(false, 0, threshold));
	}
}

static void above__low_threshold_ends_at_0_only(void **state)
{
	unsigned int threshold;

	for (threshold = 1; threshold <= FALCON_HYSTERESIS; threshold++)
		assert_true(falcon_policy_above(true, 1, threshold));
}

static void above__never_at_100(void **state)
{
	unsigned int load;

	for (load = 0; load <= 100; load++) {
		assert_false(falcon_policy_above(false, load, 100));
		assert_false(falcon_policy_above(true, load, 100));
	}
}

static void above__does_not_flap(void **state)
{
	/* A load that swings by less than the hysteresis changes the answer at most once. */
	unsigned int i, changes = 0;
	bool above = false, now;

	for (i = 0; i < 100; i++) {
		now = falcon_policy_above(above, i % 2 ? 80 : 72, 80);
		changes += now != above;
		above = now;
	}
	assert_int_equal(changes, 1);
	assert_true(above);
}

static void hold__doubles_up_to_64_times_and_ends_after_a_quiet_time(void **state)
{
	unsigned long hold = 0;
	unsigned int i;

	for (i = 0; i < 7; i++) {
		hold = falcon_policy_hold(hold, hold + 1, 250);
		assert_int_equal(hold, 250UL << i);
	}
	assert_int_equal(falcon_policy_hold(hold, hold, 250), hold);
	assert_int_equal(falcon_policy_hold(hold, 4 * hold - 1, 250), hold);
	assert_int_equal(falcon_policy_hold(hold, 4 * hold, 250), 250);
}

static void elephant__is_less_on_a_loaded_cpu(void **state)
{
	u32 limit;

	(void)state;
	assert_false(falcon_policy_is_elephant(199, 200, false));
	assert_true(falcon_policy_is_elephant(200, 200, false));
	assert_false(falcon_policy_is_elephant(24, 200, true));
	assert_true(falcon_policy_is_elephant(25, 200, true));
	/* elephant-rate=0 takes every flow, and none comes back for its rate */
	assert_true(falcon_policy_is_elephant(0, 0, false));
	assert_true(falcon_policy_is_elephant(0, 0, true));
	assert_int_equal(falcon_policy_floor(0, false), 0);
	assert_int_equal(falcon_policy_floor(10000, false), 5000);
	assert_int_equal(falcon_policy_floor(10000, true), 625);
	/* Who has just gone up does not come back at once, whatever the rate. */
	for (limit = 1; limit; limit <<= 1) {
		assert_false(falcon_policy_floor(limit, false) > limit / 2);
		assert_true(falcon_policy_is_elephant(limit, limit, true));
		assert_true(falcon_policy_floor(limit, true) <= falcon_policy_floor(limit, false));
	}
}

static void expect__adds_up_and_is_forgotten(void **state)
{
	unsigned int expected = 0, i;

	for (i = 0; i < 1000; i++) {
		assert_true(falcon_policy_expect(expected, true) >= expected);
		expected = falcon_policy_expect(expected, true);
	}
	assert_int_equal(expected, 100);
	for (i = 0; i < 7; i++)
		expected = falcon_policy_expect(expected, false);
	assert_int_equal(expected, 0);
}

/* Loads of eight CPUs, none of them above the threshold but those of 80 and more. */
static void set_loads(struct falcon_choice *choice, struct falcon_cpu *state, const u8 loads[8],
		      u32 policy)
{
	unsigned int i;

	memset(state, 0, 64 * sizeof(*state));
	for (i = 0; i < 64; i++)
		state[i].sibling = FALCON_NO_CPU;
	for (i = 0; i < 8; i++) {
		state[CPUS[i]].load = loads[i];
		state[CPUS[i]].above = loads[i] >= 80;
	}
	*choice = of(CPUS, 8, 0);
	choice->state = state;
	choice->policy = policy;
}

static void choose__hash_does_not_look_at_the_load(void **state)
{
	struct falcon_choice choice, idle;
	struct falcon_cpu cpus[64];
	u32 seed = 10;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		set_loads(&choice, cpus, (u8[8]){ 99, 0, 99, 0, 99, 0, 99, 0 }, FALCON_POLICY_HASH);
		choice.hash = unit_random(&seed);
		idle = of(CPUS, 8, choice.hash);
		assert_int_equal(falcon_policy_choose(&choice), falcon_policy_choose(&idle));
		assert_int_equal(falcon_policy_choose(&choice), falcon_policy_first(&choice));
	}
}

static void choose__two_choice_leaves_a_loaded_cpu_for_a_better_one_only(void **state)
{
	unsigned int i, left = 0, loaded = 0;
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];
	u32 seed = 11;
	u16 first, cpu;

	for (i = 0; i < 4000; i++) {
		set_loads(&choice, cpus, (u8[8]){ 85, 10, 85, 79, 85, 10, 85, 78 },
			  FALCON_POLICY_TWO_CHOICE);
		choice.hash = unit_random(&seed);
		first = falcon_policy_first(&choice);
		cpu = falcon_policy_choose(&choice);
		if (!cpus[first].above) {
			assert_int_equal(cpu, first);
			continue;
		}
		loaded++;
		left += cpu != first;
		if (cpu != first)
			assert_int_equal(cpus[cpu].load, 10);
	}
	/* Two of the seven others are better. */
	assert_in_range(left, loaded * 2 / 7 - loaded / 10, loaded * 2 / 7 + loaded / 10);
}

static void choose__least_loaded_takes_one_of_the_least_by_hash(void **state)
{
	unsigned int i, seen[64] = { 0 };
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];
	u32 seed = 12;

	for (i = 0; i < 3000; i++) {
		set_loads(&choice, cpus, (u8[8]){ 50, 5, 60, 12, 16, 70, 15, 17 },
			  FALCON_POLICY_LEAST_LOADED);
		choice.hash = unit_random(&seed);
		seen[falcon_policy_choose(&choice)]++;
	}
	/* 5 and those within the hysteresis of it. */
	assert_in_range(seen[2], 800, 1200);
	assert_in_range(seen[5], 800, 1200);
	assert_in_range(seen[21], 800, 1200);
	assert_int_equal(seen[2] + seen[5] + seen[21], 3000);
}

static void choose__least_loaded_never_takes_here_or_an_avoided_one(void **state)
{
	struct falcon_choice choice;
	struct falcon_cpu cpus[64];
	u32 seed = 13;
	unsigned int i;
	u16 cpu;

	for (i = 0; i < 1000; i++) {
		set_loads(&choice, cpus, (u8[8]){ 0, 1, 2, 90, 91, 92, 93, 94 },
			  FALCON_POLICY_LEAST_LOADED);
		choice.hash = unit_random(&seed);
		choice.here = CPUS[0];
		choice.avoid[0] = CPUS[1];
		choice.avoid[1] = CPUS[2];
		cpu = falcon_policy_choose(&choice);
		assert_true(is_in(CPUS + 3, 5, cpu));
	}
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
	/* One more does not take the delivery's. */
	falcon_policy_spread(&choice, 2, true, FALCON_STAY, &spread);
	assert_int_equal(spread.workers[0], CPUS[2]);
	assert_int_not_equal(spread.workers[1], CPUS[4]);
	assert_int_equal(spread.delivery, CPUS[4]);
}

static void spread__is_valid_by_every_policy_under_every_load(void **state)
{
	struct falcon_choice choice;
	struct falcon_spread spread;
	struct falcon_cpu cpus[64];
	unsigned int i, j, workers;
	u8 loads[8];
	u32 seed = 14;

	for (i = 0; i < 20000; i++) {
		for (j = 0; j < 8; j++)
			loads[j] = unit_random(&seed) % 101;
		set_loads(&choice, cpus, loads, i % 4);
		choice.hash = unit_random(&seed);
		choice.count = 1 + unit_random(&seed) % 8;
		choice.here = i % 3 ? CPUS[unit_random(&seed) % 8] : 7;
		cpus[7].sibling = FALCON_NO_CPU;
		/* From whatever it was before, as another plan may have it. */
		if (i % 5 == 0)
			spread.count = 0;
		workers = 1 + unit_random(&seed) % FALCON_WORKERS_MAX;
		falcon_policy_spread(&choice, workers, i % 2, unit_random(&seed) % 120, &spread);
		check_spread(&choice, workers, i % 2, &spread);
	}
}

/* Loads as the sampling and other flows change them, while somebody chooses. */
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
		cmocka_unit_test(choose__empty_set),
		cmocka_unit_test(choose__set_of_one),
		cmocka_unit_test(choose__is_of_the_set_and_never_here),
		cmocka_unit_test(choose__avoids_while_there_is_another),
		cmocka_unit_test(choose__takes_an_avoided_one_when_there_is_no_other),
		cmocka_unit_test(choose__same_hash_same_cpu),
		cmocka_unit_test(choose__spreads_evenly),
		cmocka_unit_test(choose__spreads_evenly_over_what_is_left),
		cmocka_unit_test(spread__counts_and_cpus_of_every_set),
		cmocka_unit_test(spread__one_cpu_works_and_delivers),
		cmocka_unit_test(spread__delivery_comes_before_a_further_worker),
		cmocka_unit_test(spread__does_not_look_at_avoid),
		cmocka_unit_test(spread__uses_every_cpu_evenly),
		cmocka_unit_test(rehash__is_a_bijection_and_moves_every_hash),
		cmocka_unit_test(rehash__chooses_another_cpu_mostly),
		cmocka_unit_test(average__reaches_both_ends),
		cmocka_unit_test(average__stays_between_load_and_sample),
		cmocka_unit_test(average__weighs_a_sample_a_fifth),
		cmocka_unit_test(average__is_monotone),
		cmocka_unit_test(above__begins_at_the_threshold),
		cmocka_unit_test(above__ends_below_by_the_hysteresis),
		cmocka_unit_test(above__always_ends_when_idle),
		cmocka_unit_test(above__low_threshold_ends_at_0_only),
		cmocka_unit_test(above__never_at_100),
		cmocka_unit_test(above__does_not_flap),
		cmocka_unit_test(hold__doubles_up_to_64_times_and_ends_after_a_quiet_time),
		cmocka_unit_test(elephant__is_less_on_a_loaded_cpu),
		cmocka_unit_test(expect__adds_up_and_is_forgotten),
		cmocka_unit_test(choose__hash_does_not_look_at_the_load),
		cmocka_unit_test(choose__two_choice_leaves_a_loaded_cpu_for_a_better_one_only),
		cmocka_unit_test(choose__least_loaded_takes_one_of_the_least_by_hash),
		cmocka_unit_test(choose__least_loaded_never_takes_here_or_an_avoided_one),
		cmocka_unit_test(spread__gives_the_idlest_cpu_to_the_worker),
		cmocka_unit_test(spread__is_valid_by_every_policy_under_every_load),
		cmocka_unit_test(spread__is_valid_while_loads_change),
	};

	return unit_run(tests);
}
