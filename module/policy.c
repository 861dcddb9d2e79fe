// SPDX-License-Identifier: GPL-2.0

#include <linux/types.h>

#include "policy.h"

u16 falcon_policy_choose(const struct falcon_choice *choice)
{
	u16 fallback = FALCON_NO_CPU;
	unsigned int start, i;
	u16 cpu;

	if (!choice->count)
		return FALCON_NO_CPU;

	start = ((u64)choice->hash * choice->count) >> 32;
	for (i = 0; i < choice->count; i++) {
		cpu = choice->cpus[(start + i) % choice->count];
		if (cpu == choice->here)
			continue;
		if (cpu != choice->avoid[0] && cpu != choice->avoid[1])
			return cpu;
		if (fallback == FALCON_NO_CPU)
			fallback = cpu;
	}
	return fallback;
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
	return load + (was ? FALCON_HYSTERESIS : 0) >= threshold;
}
