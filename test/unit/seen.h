/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states that a model checker has visited, by 128 bits of hash: the probability that two of
 * 10^7 states collide is 1 in 10^24.
 */

#ifndef _SEEN_H
#define _SEEN_H

#include <stdbool.h>

struct seen_key {
	unsigned __int128 bits;
};

/* Make the key depend on one more part of the state. */
void seen_mix(struct seen_key *key, unsigned long value);

/* Return: true if the state is new. */
bool seen_add(struct seen_key key);

void seen_forget(void);

#endif
