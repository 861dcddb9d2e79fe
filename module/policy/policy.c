// SPDX-License-Identifier: GPL-2.0

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "policy/policy.h"

/*
 * Cost of a CPU farther away from the NIC's, in percent of load: a packet's headers come from
 * another cache. SIBLING() is the part of a core that its other thread takes at some load.
 */
#define FAR_DOMAIN 20
#define FAR_NODE   40
#define SIBLING(load) ((load) / 2)

/* Cost of the application's own CPU: the application waits while packets come. */
#define WITH_APP   30

/*
 * Percent of a CPU that a flow must take from each worker before it gets another worker, whose CPU
 * may be asleep. If others make the flow's CPUs busy, it should move, and not use more CPUs.
 */
#define WORTH_A_WORKER 40

/*
 * From this percentage on a CPU counts as without idle time. Samples cannot tell how much more it
 * would do: perhaps far more than the NIC's CPU does, however busy that one is.
 */
#define FULL 98

/*
 * Percent that a new flow is expected to bring before samples show its load. Without this, all
 * flows that come between two samples would go to the CPU that had the least load in the last one.
 */
#define EXPECTED 5

#define ANY (~0U)	/* as a cost: no limit */

/* CPUs that must not be chosen, in addition to choice->here. */
struct taken {
	u16		cpus[FALCON_WORKERS_MAX + 2];
	unsigned int	count;
};

static void take(struct taken *taken, u16 cpu)
{
	taken->cpus[taken->count++] = cpu;
}

static bool is_taken(const struct taken *taken, u16 cpu)
{
	unsigned int i;

	for (i = 0; i < taken->count; i++)
		if (taken->cpus[i] == cpu)
			return true;
	return false;
}

static unsigned int load_of(const struct falcon_choice *choice, u16 cpu)
{
	return READ_ONCE(choice->state[cpu].load);
}

/* Cost of a CPU's place compared with the best one there could be, in percent of load. */
static unsigned int cost_of_place(const struct falcon_choice *choice, u16 cpu)
{
	const struct falcon_cpu *state = &choice->state[cpu], *near;
	bool for_app = choice->for_app && choice->app != FALCON_NO_CPU;
	u16 origin = for_app ? choice->app : choice->here;
	unsigned int cost = 0;

	if (choice->policy != FALCON_POLICY_AUTO)
		return 0;
	if (origin != FALCON_NO_CPU) {
		near = &choice->state[origin];
		if (state->node != near->node)
			cost += FAR_NODE;
		else if (state->domain != near->domain)
			cost += FAR_DOMAIN;
	}
	/* The NIC's CPU will be busy, whatever its load is now. */
	if (state->sibling != FALCON_NO_CPU)
		cost += SIBLING(state->sibling == choice->here ? 100 :
				load_of(choice, state->sibling));
	if (cpu == choice->app)
		cost += WITH_APP;
	return cost;
}

/* Cost of a CPU for the flow, in percent of load. */
static unsigned int cost_of(const struct falcon_choice *choice, u16 cpu)
{
	return load_of(choice, cpu) + READ_ONCE(choice->state[cpu].expected) +
	       cost_of_place(choice, cpu);
}

/* The CPU that the hash picks among CPUs that are not taken and cost no more than @most. */
static u16 pick(const struct falcon_choice *choice, const struct taken *taken, unsigned int most)
{
	unsigned int fit = 0, nth = 0, pass, i;
	u16 cpu, found = FALCON_NO_CPU;

	/*
	 * Count first. Going on from an unfit CPU to the next would give that one a double share.
	 */
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < choice->count; i++) {
			cpu = choice->cpus[i];
			if (cpu == choice->here || is_taken(taken, cpu) ||
			    (most != ANY && cost_of(choice, cpu) > most))
				continue;
			/* If loads change between the passes, the last fitting CPU is returned. */
			found = cpu;
			if (pass && !nth--)
				return cpu;
			fit += !pass;
		}
		nth = ((u64)choice->hash * fit) >> 32;
	}
	return found;
}

static unsigned int least_cost(const struct falcon_choice *choice, const struct taken *taken)
{
	unsigned int least = ANY, cost, i;
	u16 cpu;

	for (i = 0; i < choice->count; i++) {
		cpu = choice->cpus[i];
		if (cpu == choice->here || is_taken(taken, cpu))
			continue;
		cost = cost_of(choice, cpu);
		least = cost < least ? cost : least;
	}
	return least;
}

/* Unlike FALCON's, the second choice is another CPU, and is taken only if it is better. */
static u16 pick_of_two(const struct falcon_choice *choice, const struct taken *taken)
{
	u16 first = pick(choice, taken, ANY), second;
	struct falcon_choice again = *choice;
	struct taken others = *taken;

	if (first == FALCON_NO_CPU || !READ_ONCE(choice->state[first].above))
		return first;
	again.hash = falcon_policy_rehash(choice->hash);
	take(&others, first);
	second = pick(&again, &others, ANY);
	return second != FALCON_NO_CPU &&
	       load_of(choice, second) + FALCON_HYSTERESIS < load_of(choice, first) ?
	       second : first;
}

static u16 pick_by_policy(const struct falcon_choice *choice, const struct taken *taken)
{
	unsigned int least;
	u16 cpu;

	switch (choice->policy) {
	case FALCON_POLICY_HASH:
		return pick(choice, taken, ANY);
	case FALCON_POLICY_TWO_CHOICE:
		return pick_of_two(choice, taken);
	default:
		least = least_cost(choice, taken);
		if (least == ANY)
			return FALCON_NO_CPU;
		cpu = pick(choice, taken, least + FALCON_HYSTERESIS);
		/* By now every CPU may cost more than the least did. */
		return cpu != FALCON_NO_CPU ? cpu : pick(choice, taken, ANY);
	}
}

/* Take the CPUs to be avoided, if that leaves one. */
static void avoid(const struct falcon_choice *choice, struct taken *taken)
{
	taken->count = 0;
	take(taken, choice->avoid[0]);
	take(taken, choice->avoid[1]);
	if (pick(choice, taken, ANY) == FALCON_NO_CPU)
		taken->count = 0;
}

u16 falcon_policy_first(const struct falcon_choice *choice)
{
	struct taken taken;

	avoid(choice, &taken);
	return pick(choice, &taken, ANY);
}

u16 falcon_policy_choose(const struct falcon_choice *choice)
{
	struct taken taken;

	avoid(choice, &taken);
	return pick_by_policy(choice, &taken);
}

/* Neighbours among the @others CPUs that are not choice->here, from one that the hash picks. */
static void spread_by_hash(const struct falcon_choice *choice, unsigned int others,
			   unsigned int workers, bool apart, struct falcon_spread *spread)
{
	unsigned int skip = ((u64)choice->hash * others) >> 32, i;
	u16 cpu;

	spread->count = 0;
	for (i = 0; spread->count < workers + apart; i++) {
		cpu = choice->cpus[i % choice->count];
		if (cpu == choice->here || (skip && skip--))
			continue;
		if (spread->count == workers) {
			spread->delivery = cpu;
			return;
		}
		spread->workers[spread->count++] = cpu;
	}
}

static bool is_usable(const struct falcon_choice *choice, const struct taken *taken, u16 cpu)
{
	unsigned int i;

	if (cpu == choice->here || is_taken(taken, cpu))
		return false;
	for (i = 0; i < choice->count; i++)
		if (choice->cpus[i] == cpu)
			return true;
	return false;
}

/* Keep @had if it will do, or pick another CPU. */
static u16 keep_or_pick(const struct falcon_choice *choice, struct taken *taken, u16 had,
			unsigned int cpu_share)
{
	bool usable = is_usable(choice, taken, had);
	u16 cpu = had;

	/* Look at other CPUs only for a reason: every flow comes here with every plan. */
	if (!usable || (cpu_share != FALCON_STAY && (READ_ONCE(choice->state[had].above) ||
						     cost_of_place(choice, had)))) {
		cpu = pick_by_policy(choice, taken);
		if (usable &&
		    cost_of(choice, cpu) + cpu_share + FALCON_HYSTERESIS > cost_of(choice, had))
			cpu = had;
	}
	take(taken, cpu);
	return cpu;
}

/*
 * CPUs that the flow keeps are not given to another part of it. New workers come before a new
 * delivery.
 */
static void spread_by_load(const struct falcon_choice *choice, unsigned int workers, bool apart,
			   unsigned int cpu_share, struct falcon_spread *spread)
{
	const struct falcon_spread had = *spread;
	struct falcon_choice delivery = *choice;
	struct taken taken = {};
	unsigned int i;

	for (i = 0; i < workers && i < had.count; i++)
		spread->workers[i] = keep_or_pick(choice, &taken, had.workers[i], cpu_share);
	/* Nobody measures the delivery's share: at most it is the whole load of its CPU. */
	delivery.for_app = true;
	spread->delivery = FALCON_NO_CPU;
	if (apart && had.count && is_usable(choice, &taken, had.delivery))
		spread->delivery = keep_or_pick(&delivery, &taken, had.delivery,
						cpu_share == FALCON_STAY ? cpu_share :
						load_of(choice, had.delivery));
	for (; i < workers; i++)
		spread->workers[i] = keep_or_pick(choice, &taken, FALCON_NO_CPU, 0);
	if (apart && spread->delivery == FALCON_NO_CPU)
		spread->delivery = keep_or_pick(&delivery, &taken, FALCON_NO_CPU, 0);
	spread->count = workers;
}

void falcon_policy_spread(const struct falcon_choice *choice, unsigned int workers, bool own,
			  unsigned int cpu_share, struct falcon_spread *spread)
{
	unsigned int others = 0, wanted, i;
	bool apart;

	for (i = 0; i < choice->count; i++)
		others += choice->cpus[i] != choice->here;
	if (!others) {
		spread->count = 0;
		spread->delivery = FALCON_NO_CPU;
		return;
	}
	wanted = workers + own < others ? workers + own : others;
	apart = own && wanted > 1;
	if (choice->policy == FALCON_POLICY_HASH)
		spread_by_hash(choice, others, wanted - apart, apart, spread);
	else
		spread_by_load(choice, wanted - apart, apart, cpu_share, spread);
	if (!apart)
		spread->delivery = spread->workers[0];
}

unsigned int falcon_policy_workers(const struct falcon_choice *choice, unsigned int cpu_share,
				   const struct falcon_spread *spread)
{
	unsigned int home = load_of(choice, choice->here), busiest = 0, count = spread->count, i;
	unsigned int total = cpu_share * count, least;
	struct taken taken = {};
	bool is_limit;

	for (i = 0; i < count; i++) {
		busiest = load_of(choice, spread->workers[i]) > busiest ?
			  load_of(choice, spread->workers[i]) : busiest;
		take(&taken, spread->workers[i]);
	}
	take(&taken, spread->delivery);
	least = least_cost(choice, &taken);
	is_limit = busiest > home + FALCON_HYSTERESIS || busiest >= FULL;
	if (count < FALCON_WORKERS_MAX && cpu_share >= WORTH_A_WORKER && least != ANY && is_limit &&
	    least + total / (count + 1) + FALCON_HYSTERESIS < busiest)
		return count + 1;
	if (count > 1 && total / (count - 1) + FALCON_HYSTERESIS < WORTH_A_WORKER)
		return count - 1;
	return count;
}

/* On a loaded CPU a flow needs this part of elephant-rate. */
#define LOADED_PART 8

/*
 * Limits for all flows in lanes together. Each flow may have two runs, even if all have more then.
 */
#define ALL_PACKETS	(16 * FALCON_BUDGET_PACKETS)
#define ALL_BYTES	(16 * FALCON_BUDGET_BYTES)
#define LEAST_PACKETS	256U
#define LEAST_BYTES	(512U << 10)

bool falcon_policy_is_elephant(u32 packets, u32 limit, bool loaded)
{
	return packets >= (loaded ? limit / LOADED_PART : limit);
}

u32 falcon_policy_floor(u32 limit, bool loaded)
{
	return (loaded ? limit / LOADED_PART : limit) / 2;
}

struct falcon_budget falcon_policy_budget(unsigned int flows)
{
	unsigned int parts = max(flows, 1U);

	return (struct falcon_budget){
		.packets = clamp(ALL_PACKETS / parts, LEAST_PACKETS, FALCON_BUDGET_PACKETS),
		.bytes = clamp(ALL_BYTES / parts, LEAST_BYTES, FALCON_BUDGET_BYTES),
	};
}

unsigned int falcon_policy_expect(unsigned int expected, bool comes)
{
	if (!comes)
		return expected / 2;
	return expected + EXPECTED < 100 ? expected + EXPECTED : 100;
}

unsigned long falcon_policy_dwell(unsigned long dwell, unsigned long stayed, unsigned long least)
{
	if (dwell < least || stayed >= 4 * dwell)
		return least;
	return dwell < 64 * least ? 2 * dwell : dwell;
}

u32 falcon_policy_rehash(u32 hash)
{
	/*
	 * Knuth's multiplicative hash, as in the kernel's hash_32(). The factor is odd: a
	 * bijection.
	 */
	return hash * 0x61C88647u + 0x61C88647u;
}

unsigned int falcon_policy_average(unsigned int load, unsigned int sample)
{
	/* Rounded towards the sample; otherwise neither 0 nor 100 would ever be reached. */
	return (4 * load + sample + (sample > load ? 4 : 0)) / 5;
}

bool falcon_policy_above(bool was, unsigned int load, unsigned int threshold)
{
	if (threshold >= 100)
		return false;
	if (!was)
		return load >= threshold;
	/* There may be no room below a low threshold. An idle CPU is above no threshold. */
	return load > (threshold > FALCON_HYSTERESIS ? threshold - FALCON_HYSTERESIS : 0);
}
