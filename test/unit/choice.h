/* SPDX-License-Identifier: GPL-2.0 */
/* Inputs for the tests of policies. */
#ifndef _CHOICE_H
#define _CHOICE_H

#include "policy/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern const u16 CPUS[8];

/* A choice without a previous CPU, without an application, and without CPUs to avoid. */
struct falcon_choice of(const u16 *cpus, unsigned int count, u32 hash);

bool is_in(const u16 *cpus, unsigned int count, u16 cpu);

/* Hashes that find an off-by-one at the edges of the parts, and many between. */
u32 hash_at(unsigned int i, u32 *state);

/* Set the loads of eight CPUs; a load of 80 or more counts as above the threshold. */
void set_loads(struct falcon_choice *choice, struct falcon_cpu *state, const u8 loads[8],
	       u32 policy);

#endif
