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

#include "lanes/reorder.h"
#include "seen.h"
#include "unit.h"

_Static_assert(FALCON_RUNS == 4 && FALCON_RUN_MAX == 2, "this is not the small ring");

#define PACKETS_MAX 8
#define WORKERS 3
#define HOME WORKERS		/* the NIC's CPU, like a worker without a lane */
#define DEPTH_MAX 128

static const struct {
	unsigned int count;
	u8 workers[WORKERS];
} sets[] = { { 3, { 0, 1, 2 } }, { 1, { 1 } }, { 2, { 2, 0 } } };

#define SETS (sizeof(sets) / sizeof(sets[0]))

enum outcome { KEPT, DROPPED, MERGED };

/* The parameters of a search. Larger values mean more states. */
struct scenario {
	unsigned int packets, burst, batch;
	unsigned int outcomes;		/* allowed ones, of enum outcome */
	unsigned int changes, leaves, forgets, homes;
	bool gated;
	u32 first;			/* number of the first run */
};

static const struct scenario *scenario;

struct packet {
	struct sk_buff skb;
	u8 covers;			/* itself and the packets merged into it, a bit each */
};

enum stage { IDLE, POPPED, STARTED };

struct worker {
	struct list_head lane;
	u8 stage;
	u32 first;			/* run */
	unsigned int count;
	struct falcon_chain packets;
};

/* The whole state that a step can see. It is restored in place before the next step is tried. */
static struct {
	struct falcon_reorder reorder;
	struct packet packets[PACKETS_MAX];
	struct worker workers[WORKERS + 1];
	struct falcon_chain waiting;
	unsigned int given[FALCON_RUNS], gave[FALCON_RUNS];
	unsigned int arrived;
	u8 gone;			/* delivered or dropped, a bit each */
	bool open, left[WORKERS];
	u8 heir, set, turn;
	u32 batch, in_batch;
	unsigned int changes, leaves, forgets, homes;
} world;

enum kind { ARRIVE, POP, START, FINISH, CHANGE, LEAVE, FORGET, OPEN };

struct step {
	u8 kind, who;
	unsigned int what;
};

static struct step trail[DEPTH_MAX];
static unsigned int depth;
static const char *violation;
static unsigned long states, steps, ends, full;

static void violated(const char *what)
{
	if (!violation)
		violation = what;
}

static void must(bool is, const char *what)
{
	if (!is)
		violated(what);
}

static struct packet *packet_of(const struct sk_buff *skb)
{
	return container_of(skb, struct packet, skb);
}

static struct falcon_run *run_at(u32 number)
{
	return &world.reorder.runs[number % FALCON_RUNS];
}

/* The packets of a chain, which must be consecutive. */
static u8 covered(const struct falcon_chain *chain)
{
	const struct sk_buff *skb, *last = NULL;
	unsigned int count = 0;
	u8 covers = 0;

	for (skb = chain->first; skb && count <= PACKETS_MAX; skb = skb->next) {
		must(!(covers & packet_of(skb)->covers), "a packet is twice in a chain");
		covers |= packet_of(skb)->covers;
		last = skb;
		count++;
	}
	must(count == chain->count && last == chain->last, "a chain is broken");
	return covers;
}

static void queue(struct falcon_run *run, unsigned int worker)
{
	if (world.left[worker])
		worker = world.heir;
	list_add_tail(&run->node, &world.workers[worker].lane);
}

/* Like falcon_handover_push(). */
static void push(bool home)
{
	struct falcon_run *run, *newest;
	struct falcon_chain before;
	unsigned int worker, count;
	u32 tail;

	while (world.open && world.waiting.count && !violation) {
		if (world.in_batch >= scenario->batch) {
			world.batch++;
			world.in_batch = 0;
			world.turn = (world.turn + 1) % sets[world.set].count;
		}
		worker = home ? HOME : sets[world.set].workers[world.turn];
		before = world.waiting;
		tail = world.reorder.tail;
		count = falcon_reorder_assign(&world.reorder, &world.waiting, worker, world.batch,
					      &run);
		must(world.waiting.count == before.count - count, "packets are lost by assign");
		if (!count) {
			must(!run && world.reorder.tail == tail, "a run without packets");
			must(tail - world.reorder.head == FALCON_RUNS,
			     "refused, and there is room");
			full++;
			return;
		}
		newest = run_at(world.reorder.tail - 1);
		must(newest->worker == worker && newest->batch == world.batch,
		     "packets are in another micro-flow's run");
		must(newest->state == FALCON_RUN_QUEUED, "packets are in a run that is not queued");
		must(world.reorder.tail - tail == (run ? 1 : 0) && (!run || run == newest),
		     "a new run is not told");
		if (run) {
			world.given[tail % FALCON_RUNS] = 0;
			world.gave[tail % FALCON_RUNS] = 0;
		}
		world.given[(world.reorder.tail - 1) % FALCON_RUNS] += count;
		world.in_batch += count;
		if (!run)
			continue;
		if (home) {
			world.workers[HOME].stage = POPPED;
			world.workers[HOME].first = run->number;
			world.workers[HOME].count = 1;
			return;
		}
		queue(run, worker);
	}
}

static void arrive(unsigned int count, bool home)
{
	world.homes -= home;
	while (count--)
		falcon_chain_add(&world.waiting, &world.packets[world.arrived++].skb);
	push(home);
}

static void pop(struct worker *worker, unsigned int count)
{
	struct falcon_run *run = list_first_entry(&worker->lane, struct falcon_run, node);

	worker->stage = POPPED;
	worker->first = run->number;
	worker->count = count;
	while (count--) {
		run = list_first_entry(&worker->lane, struct falcon_run, node);
		list_del(&run->node);
	}
}

/* Number of runs at the front of the lane that directly follow each other. */
static unsigned int front(const struct worker *worker)
{
	const struct falcon_run *run;
	unsigned int count = 0;
	u32 next = 0;

	list_for_each_entry(run, &worker->lane, node) {
		if (count && run->number != next)
			break;
		next = run->number + 1;
		count++;
	}
	return count;
}

static void start(struct worker *worker)
{
	unsigned int i;

	worker->stage = STARTED;
	for (i = 0; i < worker->count; i++)
		falcon_reorder_start(run_at(worker->first + i), &worker->packets);
}

/* The kernel's processing of packets; @outcomes has an enum outcome for each packet, in base 3. */
static void process(struct falcon_chain *packets, unsigned int outcomes,
		    struct falcon_chain *output)
{
	struct packet *packet;

	for (; packets->count; outcomes /= 3) {
		packet = packet_of(falcon_chain_pop(packets));
		if (outcomes % 3 == KEPT)
			falcon_chain_add(output, &packet->skb);
		else if (outcomes % 3 == DROPPED)
			world.gone |= packet->covers;
		else
			packet_of(output->last)->covers |= packet->covers;
	}
}

/* Each packet is released once, and only after all packets that arrived before it. */
static void release(struct falcon_chain *released)
{
	const struct packet *packet;
	unsigned int highest;

	covered(released);
	while (released->count && !violation) {
		packet = packet_of(falcon_chain_pop(released));
		highest = 31 - __builtin_clz(packet->covers);
		must(!(world.gone & packet->covers), "a packet is released twice");
		world.gone |= packet->covers;
		must(!(~world.gone & ((1u << highest) - 1)), "a packet overtakes another one");
	}
}

/* Every packet that arrived is in one place, and the ring's counters are correct. */
static void check(void)
{
	u8 all = (1u << world.arrived) - 1, places[FALCON_RUNS + WORKERS + 3], seen = 0;
	unsigned int i, count = 0, taken = 0, held = 0, in_lanes = 0, queued = 0, popped = 0;
	const struct falcon_run *run;
	u32 number;

	must(world.reorder.tail - world.reorder.head <= FALCON_RUNS, "more runs than the ring has");
	for (number = world.reorder.head; number != world.reorder.tail && !violation; number++) {
		run = run_at(number);
		must(run->number == number, "a run is in another one's place");
		must(run->taken == world.given[number % FALCON_RUNS], "a run's taken is wrong");
		must(run->taken && run->taken <= FALCON_RUN_MAX, "a run is too long");
		must(run->state != FALCON_RUN_STARTED || !run->packets.count,
		     "a run that is started has packets");
		must(number != world.reorder.head || run->state != FALCON_RUN_DONE,
		     "the oldest run is done and not released");
		taken += run->taken;
		held += run->state == FALCON_RUN_DONE ? world.gave[number % FALCON_RUNS] : 0;
		queued += run->state == FALCON_RUN_QUEUED;
		places[count++] = covered(&run->packets);
	}
	must(world.reorder.taken == taken, "taken is wrong");
	must(world.reorder.held == held, "held is wrong");
	for (i = 0; i <= WORKERS && !violation; i++) {
		list_for_each_entry(run, &world.workers[i].lane, node) {
			must(run->state == FALCON_RUN_QUEUED, "a run in a lane is not queued");
			in_lanes++;
		}
		popped += world.workers[i].stage == POPPED ? world.workers[i].count : 0;
		places[count++] = covered(&world.workers[i].packets);
	}
	must(queued == in_lanes + popped, "a queued run is in no lane");
	places[count++] = covered(&world.waiting);
	places[count++] = world.gone;
	for (i = 0; i < count && !violation; i++) {
		must(!(seen & places[i]), "a packet is in two places");
		seen |= places[i];
	}
	must(seen == all, "a packet is lost");
}

static void finish(struct worker *worker, unsigned int outcomes)
{
	struct falcon_chain output = {}, none = {}, released = {};
	u32 number, last = worker->first + worker->count - 1;
	unsigned int count, held = 0;

	process(&worker->packets, outcomes, &output);
	count = output.count;
	for (number = worker->first; number != last + 1; number++) {
		world.gave[number % FALCON_RUNS] = number == last ? count : 0;
		held += falcon_reorder_finish(&world.reorder, run_at(number),
					      number == last ? &output : &none, &released);
	}
	worker->stage = IDLE;
	worker->count = 0;
	release(&released);
	must(!output.count, "an output is left");
	must(held == (last - world.reorder.head < FALCON_RUNS ? count : 0),
	     "held is not what must wait");
	/* Check now, because a run that was released too early is about to be reused. */
	check();
	push(false);
}

static void leave(unsigned int who, unsigned int heir)
{
	world.leaves--;
	world.left[who] = true;
	world.heir = heir;
	list_splice_tail_init(&world.workers[who].lane, &world.workers[heir].lane);
}

static void forget_of(struct falcon_chain *chain, u8 which)
{
	struct falcon_chain kept = {};
	struct sk_buff *skb;

	while ((skb = falcon_chain_pop(chain))) {
		if (packet_of(skb)->covers & which)
			world.gone |= packet_of(skb)->covers;
		else
			falcon_chain_add(&kept, skb);
	}
	*chain = kept;
}

static void forget(u8 which)
{
	u32 number;

	world.forgets--;
	forget_of(&world.waiting, which);
	for (number = world.reorder.head; number != world.reorder.tail; number++)
		forget_of(&run_at(number)->packets, which);
}

static void take(const struct step *step)
{
	struct worker *worker = &world.workers[step->who];

	switch (step->kind) {
	case ARRIVE:
		return arrive(step->what, step->who);
	case POP:
		return pop(worker, step->what);
	case START:
		return start(worker);
	case FINISH:
		return finish(worker, step->what);
	case CHANGE:
		world.changes--;
		world.set = step->what;
		world.turn %= sets[world.set].count;
		return;
	case LEAVE:
		return leave(step->who, step->what);
	case FORGET:
		return forget(step->what);
	case OPEN:
		world.open = true;
		return push(false);
	}
}

static void key_add_chain(struct seen_key *key, const struct falcon_chain *chain)
{
	const struct sk_buff *skb;

	seen_mix(key, chain->count);
	for (skb = chain->first; skb; skb = skb->next)
		seen_mix(key, packet_of(skb)->covers);
}

/*
 * All state on which the future depends. Of the micro-flow's number that is only whether a run can
 * still grow.
 */
static struct seen_key key_of_world(void)
{
	const struct worker *worker;
	const struct falcon_run *run;
	struct seen_key key = {};
	unsigned int i;
	u32 number;

	seen_mix(&key, world.arrived | world.gone << 8 | world.open << 16 | world.set << 20 |
		 world.turn << 24);
	seen_mix(&key, world.changes | world.leaves << 4 | world.forgets << 8 | world.homes << 12 |
		 world.in_batch << 16);
	for (i = 0; i < WORKERS; i++)
		seen_mix(&key, world.left[i] ? 1 + world.heir : 0);
	seen_mix(&key, world.reorder.head);
	seen_mix(&key, world.reorder.tail);
	for (number = world.reorder.head; number != world.reorder.tail; number++) {
		run = run_at(number);
		seen_mix(&key, run->state | run->worker << 4 | run->taken << 8 |
			 (run->batch == world.batch) << 16 |
			 world.gave[number % FALCON_RUNS] << 20);
		key_add_chain(&key, &run->packets);
	}
	for (worker = world.workers; worker <= &world.workers[HOME]; worker++) {
		seen_mix(&key, worker->stage);
		seen_mix(&key, worker->count ? worker->first : 0);
		seen_mix(&key, worker->count);
		key_add_chain(&key, &worker->packets);
		list_for_each_entry(run, &worker->lane, node)
			seen_mix(&key, 1 + (run->number - world.reorder.head));
		seen_mix(&key, 0);
	}
	key_add_chain(&key, &world.waiting);
	return key;
}

static void explore(void);

static void attempt(u8 kind, u8 who, unsigned int what)
{
	__typeof__(world) before = world;

	if (violation)
		return;
	assert_true(depth < DEPTH_MAX);
	trail[depth++] = (struct step){ kind, who, what };
	steps++;
	take(&trail[depth - 1]);
	if (!violation)
		check();
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
		count = front(&world.workers[who]);
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

	if (!seen_add(key_of_world()))
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
		if (world.workers[i].stage != IDLE || front(&world.workers[i]))
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
	unsigned int i;

	if (failed)
		skip();		/* one trace of a violation is enough */
	scenario = which;
	memset(&world, 0, sizeof(world));
	world.reorder.head = which->first;
	world.reorder.tail = which->first;
	world.open = !which->gated;
	world.changes = which->changes;
	world.leaves = which->leaves;
	world.forgets = which->forgets;
	world.homes = which->homes;
	for (i = 0; i < PACKETS_MAX; i++)
		world.packets[i].covers = 1u << i;
	for (i = 0; i <= WORKERS; i++)
		INIT_LIST_HEAD(&world.workers[i].lane);
	states = 0;
	steps = 0;
	ends = 0;
	full = 0;
	depth = 0;
	violation = NULL;
	explore();
	seen_forget();
	failed = violation;
	if (violation) {
		print_message("%s: violation: %s, after\n", name, violation);
		print_trail();
		fail();
	}
	print_message("%s: %lu states, %lu steps, %lu ends, %lu refusals\n",
		      name, states, steps, ends, full);
	assert_true(states > 5000 && steps > 2 * states && ends > 0 && full > 0);
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
