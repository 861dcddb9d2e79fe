// SPDX-License-Identifier: GPL-2.0
/*
 * A model checker for the code of reorder.c: it tries every order of steps that its users can take.
 * The code is compiled with a ring of 4 runs of 2 packets. Each step is what handover.c, transit.c
 * and lane.c do in one critical section:
 *
 *	arrive	a NIC poll's packets wait; as many as fit go into runs, by turns of the workers
 *	pop	a worker takes the oldest run of its lane, and some that directly follow it
 *	start	it takes their packets
 *	finish	each packet of them came out, was dropped or merged into the one before (GRO);
 *		then waiting packets go into runs
 *
 * Events may come between any two of these: other workers (change), a worker that leaves its runs
 * to another one, a device that is deleted with its packets (forget), a full lane, so the packets
 * are processed on their home CPU (home), a gate that opens late.
 */

#include "step.h"

#define DEPTH_MAX 128

static struct step trail[DEPTH_MAX];
static unsigned int depth;
static unsigned long states, steps, ends;

static void explore(void);

static void attempt(u8 kind, u8 who, unsigned int what)
{
	__typeof__(world) before = world;

	if (violation)
		return;
	assert_true(depth < DEPTH_MAX);
	trail[depth++] = (struct step){ kind, who, what };
	steps++;
	step_take(&trail[depth - 1]);
	if (!violation)
		world_check();
	if (!violation)
		explore();
	if (violation)
		return;
	depth--;
	world = before;
}

/* Tries every outcome for each packet. The first packet has none before it to be merged into. */
static void attempt_outcomes(unsigned int who)
{
	unsigned int count = world.workers[who].packets.count, all = 1, code, rest, i;
	bool possible, kept;

	for (i = 0; i < count; i++)
		all *= 3;
	for (code = 0; code < all; code++) {
		possible = true;
		kept = false;
		for (rest = code, i = 0; i < count; i++, rest /= 3) {
			if (rest % 3 >= scenario->outcomes || (rest % 3 == MERGED && !kept))
				possible = false;
			kept |= rest % 3 == KEPT;
		}
		if (possible)
			attempt(FINISH, who, code);
	}
}

static void attempt_of_worker(unsigned int who)
{
	unsigned int i, count;

	switch (world.workers[who].stage) {
	case IDLE:
		count = step_front(&world.workers[who]);
		for (i = 1; i <= count; i++)
			attempt(POP, who, i);
		break;
	case POPPED:
		attempt(START, who, 0);
		break;
	case STARTED:
		attempt_outcomes(who);
		break;
	}
}

static void attempt_of_others(void)
{
	unsigned int i, j;

	for (i = 0; i < SETS && world.changes; i++) {
		if (i != world.set)
			attempt(CHANGE, 0, i);
	}
	for (i = 0; i < WORKERS && world.leaves; i++) {
		for (j = 0; j < WORKERS; j++) {
			if (i != j && !world.left[i] && !world.left[j])
				attempt(LEAVE, i, j);
		}
	}
	if (world.forgets && world.arrived) {
		attempt(FORGET, 0, 0x55);
		attempt(FORGET, 0, 0xff);
	}
}

static void explore(void)
{
	unsigned int i;

	if (!seen_add(world_key()))
		return;
	states++;
	for (i = 1; i <= scenario->burst && world.arrived + i <= scenario->packets; i++) {
		attempt(ARRIVE, 0, i);
		if (world.homes && world.open && world.workers[HOME].stage == IDLE)
			attempt(ARRIVE, 1, i);
	}
	if (!world.open)
		attempt(OPEN, 0, 0);
	for (i = 0; i <= WORKERS; i++)
		attempt_of_worker(i);
	attempt_of_others();
	if (violation || !world.open)
		return;
	/*
	 * When no worker has work, no packet may wait, least of all for the next packet to arrive.
	 */
	for (i = 0; i <= WORKERS; i++) {
		if (world.workers[i].stage != IDLE || step_front(&world.workers[i]))
			return;
	}
	must(falcon_reorder_empty(&world.reorder) && !world.waiting.count, "the flow is stalled");
	if (world.arrived < scenario->packets)
		return;
	must(world.gone == (1u << scenario->packets) - 1, "a packet never came");
	ends++;
}

static void print_trail(void)
{
	static const char *const names[] = {
		"arrive", "pop", "start", "finish", "change", "leave", "forget", "open",
	};
	unsigned int i;

	for (i = 0; i < depth; i++)
		print_message("  %-7s %u %u\n", names[trail[i].kind], trail[i].who, trail[i].what);
}

static void model(const char *name, const struct scenario *which)
{
	static bool failed;

	if (failed)
		skip();		/* one trace of a violation is enough */
	world_begin(which);
	states = 0;
	steps = 0;
	ends = 0;
	step_refusals = 0;
	depth = 0;
	explore();
	seen_forget();
	failed = violation;
	if (violation) {
		print_message("%s: violation: %s, after\n", name, violation);
		print_trail();
		fail();
	}
	print_message("%s: %lu states, %lu steps, %lu ends, %lu refusals\n",
		      name, states, steps, ends, step_refusals);
	assert_true(states > 5000 && steps > 2 * states && ends > 0 && step_refusals > 0);
}

static void model__drops_and_merging(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 8, .burst = 2, .batch = 1, .outcomes = 3, .first = UINT32_MAX - 2,
	});
}

static void model__long_micro_flows(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 8, .burst = 3, .batch = 3, .outcomes = 3,
	});
}

static void model__worker_set_changes(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 6, .burst = 2, .batch = 1, .outcomes = 2, .changes = 2,
		.first = UINT32_MAX,
	});
}

static void model__a_worker_leaves(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 6, .burst = 2, .batch = 1, .outcomes = 2, .leaves = 1, .changes = 1,
	});
}

static void model__lane_is_full(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 7, .burst = 3, .batch = 2, .outcomes = 3, .homes = 3,
	});
}

static void model__gate_opens_late(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 8, .burst = 2, .batch = 2, .outcomes = 3, .gated = true,
		.first = UINT32_MAX - 1,
	});
}

static void model__device_goes(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 6, .burst = 2, .batch = 1, .outcomes = 3, .forgets = 1, .homes = 1,
	});
}

static void model__workers_and_a_device_go(void **state)
{
	model(__func__, &(struct scenario){
		.packets = 5, .burst = 2, .batch = 1, .outcomes = 3, .changes = 1, .leaves = 1,
		.forgets = 1, .first = UINT32_MAX - 1,
	});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model__drops_and_merging),
		cmocka_unit_test(model__long_micro_flows),
		cmocka_unit_test(model__worker_set_changes),
		cmocka_unit_test(model__a_worker_leaves),
		cmocka_unit_test(model__lane_is_full),
		cmocka_unit_test(model__gate_opens_late),
		cmocka_unit_test(model__device_goes),
		cmocka_unit_test(model__workers_and_a_device_go),
	};

	return unit_run(tests);
}
