// SPDX-License-Identifier: GPL-2.0

#include "world.h"

const struct set world_sets[SETS] = { { 3, { 0, 1, 2 } }, { 1, { 1 } }, { 2, { 2, 0 } } };

const struct scenario *scenario;
struct world world;
const char *violation;

void world_begin(const struct scenario *which)
{
	unsigned int i;

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
	violation = NULL;
}

void must(bool is, const char *what)
{
	if (!is && !violation)
		violation = what;
}

u8 world_covered(const struct falcon_chain *chain)
{
	const struct sk_buff *skb, *last = NULL;
	unsigned int count = 0;
	u8 covers = 0;

	for (skb = chain->first; skb && count <= PACKETS_MAX; skb = skb->next) {
		must(!(covers & world_packet(skb)->covers), "a packet is twice in a chain");
		covers |= world_packet(skb)->covers;
		last = skb;
		count++;
	}
	must(count == chain->count && last == chain->last, "a chain is broken");
	return covers;
}

void world_check(void)
{
	u8 all = (1u << world.arrived) - 1, places[FALCON_RUNS + WORKERS + 3], seen = 0;
	unsigned int i, count = 0, taken = 0, held = 0, in_lanes = 0, queued = 0, popped = 0;
	const struct falcon_run *run;
	u32 number;

	must(world.reorder.tail - world.reorder.head <= FALCON_RUNS, "more runs than the ring has");
	for (number = world.reorder.head; number != world.reorder.tail && !violation; number++) {
		run = world_run(number);
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
		places[count++] = world_covered(&run->packets);
	}
	must(world.reorder.taken == taken, "taken is wrong");
	must(world.reorder.held == held, "held is wrong");
	for (i = 0; i <= WORKERS && !violation; i++) {
		list_for_each_entry(run, &world.workers[i].lane, node) {
			must(run->state == FALCON_RUN_QUEUED, "a run in a lane is not queued");
			in_lanes++;
		}
		popped += world.workers[i].stage == POPPED ? world.workers[i].count : 0;
		places[count++] = world_covered(&world.workers[i].packets);
	}
	must(queued == in_lanes + popped, "a queued run is in no lane");
	places[count++] = world_covered(&world.waiting);
	places[count++] = world.gone;
	for (i = 0; i < count && !violation; i++) {
		must(!(seen & places[i]), "a packet is in two places");
		seen |= places[i];
	}
	must(seen == all, "a packet is lost");
}

static void key_add_chain(struct seen_key *key, const struct falcon_chain *chain)
{
	const struct sk_buff *skb;

	seen_mix(key, chain->count);
	for (skb = chain->first; skb; skb = skb->next)
		seen_mix(key, world_packet(skb)->covers);
}

struct seen_key world_key(void)
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
		run = world_run(number);
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
