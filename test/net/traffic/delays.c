// SPDX-License-Identifier: GPL-2.0
#include "delays.h"

/* Numbers below DELAYS_PARTS as they are, then so many parts of each octave. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int octave;

	if (ns < DELAYS_PARTS)
		return ns;
	octave = 63 - __builtin_clzll(ns);
	return (octave - 2) * DELAYS_PARTS + (ns >> (octave - 3)) % DELAYS_PARTS;
}

/* The largest number that is in it. */
static uint64_t end_of(unsigned int bucket)
{
	unsigned int octave = bucket / DELAYS_PARTS + 2, part = bucket % DELAYS_PARTS;

	if (bucket < DELAYS_PARTS)
		return bucket;
	return ((uint64_t)(DELAYS_PARTS + part + 1) << (octave - 3)) - 1;
}

void delays_add(struct delays *delays, int64_t took_ns)
{
	if (!delays->begun || took_ns < delays->least_ns) {
		delays->begun = true;
		delays->least_ns = took_ns;
	}
	delays->bucket[bucket_of(took_ns - delays->least_ns)]++;
	delays->samples++;
}

uint64_t delays_below(const struct delays *delays, unsigned int per_mille)
{
	uint64_t rank = (delays->samples * per_mille + 999) / 1000, seen = 0;
	unsigned int bucket;

	if (!rank)
		return 0;
	for (bucket = 0; bucket < DELAYS_BUCKETS - 1; bucket++) {
		seen += delays->bucket[bucket];
		if (seen >= rank)
			break;
	}
	return end_of(bucket);
}
