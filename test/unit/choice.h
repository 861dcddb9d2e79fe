/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of policies choose from. */
#ifndef _CHOICE_H
#define _CHOICE_H

#include "policy/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern const u16 CPUS[8];

/* One that has no CPU before, none of an application, and none to avoid. */
struct falcon_choice of(const u16 *cpus, unsigned int count, u32 hash);

bool is_in(const u16 *cpus, unsigned int count, u16 cpu);

/* Hashes that find an off-by-one at the edges of the shares, and many between. */
u32 hash_at(unsigned int i, u32 *state);

/* Loads of eight CPUs, none of them above the threshold but those of 80 and more. */
void set_loads(struct falcon_choice *choice, struct falcon_cpu *state, const u8 loads[8],
	       u32 policy);

#endif
