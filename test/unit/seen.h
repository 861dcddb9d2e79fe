/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states that a model checker has been in, by 128 bits of hash: that two of 10^7 states have
 * the same is as likely as 1 in 10^24.
 */

#ifndef _SEEN_H
#define _SEEN_H

#include <stdbool.h>

struct seen_key {
	unsigned __int128 bits;
};

/* Make the key depend on one more part of the state. */
void seen_mix(struct seen_key *key, unsigned long value);

/* Whether it is a new one. */
bool seen_add(struct seen_key key);

void seen_forget(void);

#endif
