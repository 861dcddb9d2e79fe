/* SPDX-License-Identifier: GPL-2.0 */

#ifndef _RANDOM_H
#define _RANDOM_H

#include <stdint.h>

/* Marsaglia's xorshift: the same numbers on every machine. */
static inline uint32_t unit_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif
