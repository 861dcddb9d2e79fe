// SPDX-License-Identifier: GPL-2.0

#include <linux/types.h>

#include "policy.h"

static bool is_avoided(const struct falcon_choice *choice, u16 cpu)
{
	return cpu == choice->avoid[0] || cpu == choice->avoid[1];
}

u16 falcon_policy_choose(const struct falcon_choice *choice)
{
	unsigned int others = 0, best = 0, nth, i;
	u16 cpu;

	for (i = 0; i < choice->count; i++) {
		cpu = choice->cpus[i];
		others += cpu != choice->here;
		best += cpu != choice->here && !is_avoided(choice, cpu);
	}

	/* Of those that may be chosen: going on to the next would give that one a double share. */
	nth = ((u64)choice->hash * (best ?: others)) >> 32;
	for (i = 0; i < choice->count; i++) {
		cpu = choice->cpus[i];
		if (cpu == choice->here || (best && is_avoided(choice, cpu)))
			continue;
		if (!nth--)
			return cpu;
	}
	return FALCON_NO_CPU;
}

void falcon_policy_spread(const struct falcon_choice *choice, unsigned int workers, bool own,
			  struct falcon_spread *spread)
{
	unsigned int others = 0, wanted, skip, i;
	u16 cpu;

	for (i = 0; i < choice->count; i++)
		others += choice->cpus[i] != choice->here;
	wanted = workers + own < others ? workers + own : others;

	/* Neighbours among the others, from one that the hash tells. */
	skip = ((u64)choice->hash * others) >> 32;
	spread->count = 0;
	spread->delivery = FALCON_NO_CPU;
	for (i = 0; wanted; i++) {
		cpu = choice->cpus[i % choice->count];
		if (cpu == choice->here || (skip && skip--))
			continue;
		if (!--wanted && own && spread->count)
			spread->delivery = cpu;
		else
			spread->workers[spread->count++] = cpu;
	}
	if (spread->delivery == FALCON_NO_CPU && spread->count)
		spread->delivery = spread->workers[0];
}

u32 falcon_policy_rehash(u32 hash)
{
	/* Knuth's multiplicative hash, as the kernel's hash_32(); odd, so a bijection. */
	return hash * 0x61C88647u + 0x61C88647u;
}

unsigned int falcon_policy_average(unsigned int load, unsigned int sample)
{
	/* Rounded to the sample's side, or 0 and 100 would never be reached. */
	return (4 * load + sample + (sample > load ? 4 : 0)) / 5;
}

bool falcon_policy_above(bool was, unsigned int load, unsigned int threshold)
{
	if (threshold >= 100)
		return false;
	if (!was)
		return load >= threshold;
	/* A low threshold has no room below; an idle CPU is above none. */
	return load > (threshold > FALCON_HYSTERESIS ? threshold - FALCON_HYSTERESIS : 0);
}
