/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FALCON_TRAFFIC_DELAYS_H
#define FALCON_TRAFFIC_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

#define DELAYS_PARTS	8	/* of an octave */
#define DELAYS_BUCKETS	(64 * DELAYS_PARTS)

/*
 * How much longer datagrams took than the fastest until then. Sender and sink have clocks of their
 * own, so how long that one took is not known.
 */
struct delays {
	bool begun;
	int64_t least_ns;
	uint64_t samples;
	uint64_t bucket[DELAYS_BUCKETS];
};

void delays_add(struct delays *delays, int64_t took_ns);

/* What @per_mille of them did not exceed, to an eighth of itself; 0 when there are none. */
uint64_t delays_below(const struct delays *delays, unsigned int per_mille);

#endif
