// SPDX-License-Identifier: GPL-2.0

#include "seen.h"
#include "unit.h"

/* Open addressing, at most half full; 0 marks a free place. */
static unsigned __int128 *keys;
static unsigned long size, used;

void seen_mix(struct seen_key *key, unsigned long value)
{
	/*
	 * 2^128 divided by the golden ratio, odd. The multiplication mixes upwards, the shift
	 * downwards.
	 */
	key->bits = (key->bits ^ value) *
		    (((unsigned __int128)0x9e3779b97f4a7c15 << 64) | 0xf39cc0605cedc835);
	key->bits ^= key->bits >> 61;
}

static bool insert(unsigned __int128 key)
{
	unsigned long i;

	for (i = key % size; keys[i]; i = (i + 1) % size) {
		if (keys[i] == key)
			return false;
	}
	keys[i] = key;
	return true;
}

static void grow(void)
{
	unsigned long i, old_size = size;
	unsigned __int128 *old = keys;

	size = size ? 2 * size : 1 << 16;
	keys = calloc(size, sizeof(*keys));
	assert_non_null(keys);
	for (i = 0; i < old_size; i++) {
		if (old[i])
			insert(old[i]);
	}
	free(old);
}

bool seen_add(struct seen_key key)
{
	if (2 * used >= size)
		grow();
	if (!insert(key.bits ? key.bits : 1))
		return false;
	used++;
	return true;
}

void seen_forget(void)
{
	free(keys);
	keys = NULL;
	size = 0;
	used = 0;
}
