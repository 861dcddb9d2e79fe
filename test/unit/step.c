// SPDX-License-Identifier: GPL-2.0

#include "step.h"

unsigned long step_refusals;

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
			world.turn = (world.turn + 1) % world_sets[world.set].count;
		}
		worker = home ? HOME : world_sets[world.set].workers[world.turn];
		before = world.waiting;
		tail = world.reorder.tail;
		count = falcon_reorder_assign(&world.reorder, &world.waiting, worker, world.batch,
					      &run);
		must(world.waiting.count == before.count - count, "packets are lost by assign");
		if (!count) {
			must(!run && world.reorder.tail == tail, "a run without packets");
			must(tail - world.reorder.head == FALCON_RUNS,
			     "refused, and there is room");
			step_refusals++;
			return;
		}
		newest = world_run(world.reorder.tail - 1);
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

unsigned int step_front(const struct worker *worker)
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
		falcon_reorder_start(world_run(worker->first + i), &worker->packets);
}

/* The kernel's processing of packets; @outcomes has an enum outcome for each packet, in base 3. */
static void process(struct falcon_chain *packets, unsigned int outcomes,
		    struct falcon_chain *output)
{
	struct packet *packet;

	for (; packets->count; outcomes /= 3) {
		packet = world_packet(falcon_chain_pop(packets));
		if (outcomes % 3 == KEPT)
			falcon_chain_add(output, &packet->skb);
		else if (outcomes % 3 == DROPPED)
			world.gone |= packet->covers;
		else
			world_packet(output->last)->covers |= packet->covers;
	}
}

/* Each packet is released once, and only after all packets that arrived before it. */
static void release(struct falcon_chain *released)
{
	const struct packet *packet;
	unsigned int highest;

	world_covered(released);
	while (released->count && !violation) {
		packet = world_packet(falcon_chain_pop(released));
		highest = 31 - __builtin_clz(packet->covers);
		must(!(world.gone & packet->covers), "a packet is released twice");
		world.gone |= packet->covers;
		must(!(~world.gone & ((1u << highest) - 1)), "a packet overtakes another one");
	}
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
		held += falcon_reorder_finish(&world.reorder, world_run(number),
					      number == last ? &output : &none, &released);
	}
	worker->stage = IDLE;
	worker->count = 0;
	release(&released);
	must(!output.count, "an output is left");
	must(held == (last - world.reorder.head < FALCON_RUNS ? count : 0),
	     "held is not what must wait");
	/* Check now, because a run that was released too early is about to be reused. */
	world_check();
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
		if (world_packet(skb)->covers & which)
			world.gone |= world_packet(skb)->covers;
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
		forget_of(&world_run(number)->packets, which);
}

void step_take(const struct step *step)
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
		world.turn %= world_sets[world.set].count;
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
