// SPDX-License-Identifier: GPL-2.0

#include "unit.h"
#include "choice.h"

const u16 CPUS[8] = { 0, 2, 3, 5, 8, 13, 21, 34 };

struct falcon_choice of(const u16 *cpus, unsigned int count, u32 hash)
{
	return (struct falcon_choice) {
		.cpus	= cpus,
		.count	= count,
		.hash	= hash,
		.here	= FALCON_NO_CPU,
		.app	= FALCON_NO_CPU,
		.avoid	= { FALCON_NO_CPU, FALCON_NO_CPU },
	};
}

bool is_in(const u16 *cpus, unsigned int count, u16 cpu)
{
	while (count--)
		if (cpus[count] == cpu)
			return true;
	return false;
}

u32 hash_at(unsigned int i, u32 *state)
{
	static const u32 edges[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	return i < COUNT(edges) ? edges[i] : unit_random(state);
}

void set_loads(struct falcon_choice *choice, struct falcon_cpu *state, const u8 loads[8],
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
