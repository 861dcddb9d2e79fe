// SPDX-License-Identifier: GPL-2.0

#include "choice.h"
#include "unit.h"

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

/* @left CPUs may be chosen: each must get an equal part of many hashes, within a tenth. */
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
	/* One in eight is the same by chance. */
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
	/* A load that fluctuates by less than the hysteresis changes the answer at most once. */
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

static void dwell__doubles_up_to_64_times_and_ends_after_a_quiet_time(void **state)
{
	unsigned long hold = 0;
	unsigned int i;

	for (i = 0; i < 7; i++) {
		hold = falcon_policy_dwell(hold, hold + 1, 250);
		assert_int_equal(hold, 250UL << i);
	}
	assert_int_equal(falcon_policy_dwell(hold, hold, 250), hold);
	assert_int_equal(falcon_policy_dwell(hold, 4 * hold - 1, 250), hold);
	assert_int_equal(falcon_policy_dwell(hold, 4 * hold, 250), 250);
}

static void elephant__is_less_on_a_loaded_cpu(void **state)
{
	u32 limit;

	(void)state;
	assert_false(falcon_policy_is_elephant(199, 200, false));
	assert_true(falcon_policy_is_elephant(200, 200, false));
	assert_false(falcon_policy_is_elephant(24, 200, true));
	assert_true(falcon_policy_is_elephant(25, 200, true));
	/* elephant-rate=0 promotes every flow, and never demotes one for its rate */
	assert_true(falcon_policy_is_elephant(0, 0, false));
	assert_true(falcon_policy_is_elephant(0, 0, true));
	assert_int_equal(falcon_policy_floor(0, false), 0);
	assert_int_equal(falcon_policy_floor(10000, false), 5000);
	assert_int_equal(falcon_policy_floor(10000, true), 625);
	/* A flow that has just been promoted is not demoted at once, for any rate. */
	for (limit = 1; limit; limit <<= 1) {
		assert_false(falcon_policy_floor(limit, false) > limit / 2);
		assert_true(falcon_policy_is_elephant(limit, limit, true));
		assert_true(falcon_policy_floor(limit, true) <= falcon_policy_floor(limit, false));
	}
}

/* The flows that can be in lanes hold a bounded number of packets, and of bytes, together. */
static void budget__bounds_what_all_hold_together(void **state)
{
	struct falcon_budget share, before = { 8192, 32 << 20 };
	unsigned int flows;

	(void)state;
	for (flows = 0; flows <= 1024; flows++, before = share) {
		share = falcon_policy_budget(flows);
		if (flows <= 16) {
			assert_int_equal(share.packets, 8192);
			assert_int_equal(share.bytes, 32 << 20);
		}
		assert_in_range(share.packets, 256, before.packets);
		assert_in_range(share.bytes, 512 << 10, before.bytes);
		assert_true(flows * share.packets <= 1024 * 256);
		assert_true(flows * share.bytes <= 512 << 20);
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
	/* CPUs within the hysteresis of the least load, 5. */
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
		cmocka_unit_test(dwell__doubles_up_to_64_times_and_ends_after_a_quiet_time),
		cmocka_unit_test(elephant__is_less_on_a_loaded_cpu),
		cmocka_unit_test(budget__bounds_what_all_hold_together),
		cmocka_unit_test(expect__adds_up_and_is_forgotten),
		cmocka_unit_test(choose__hash_does_not_look_at_the_load),
		cmocka_unit_test(choose__two_choice_leaves_a_loaded_cpu_for_a_better_one_only),
		cmocka_unit_test(choose__least_loaded_takes_one_of_the_least_by_hash),
		cmocka_unit_test(choose__least_loaded_never_takes_here_or_an_avoided_one),
	};

	return unit_run(tests);
}
