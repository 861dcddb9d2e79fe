/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FALCON_TRAFFIC_TALLY_H
#define FALCON_TRAFFIC_TALLY_H

#include <stdbool.h>
#include <stdint.h>

/* What arrived of one flow, exactly: a bit for every sequence number there may be. */
struct tally {
	uint64_t *seen;		/* bitmap by sequence number */
	uint64_t words;		/* length of @seen */
	uint64_t next;		/* highest sequence number seen, plus one; 0 when none was */
	uint64_t distinct;	/* different sequence numbers seen */
	uint64_t duplicated;	/* datagrams whose number had been seen before */
	uint64_t reordered;	/* first arrivals with a number below the highest seen */
	uint64_t bytes;		/* payload of the distinct ones */
};

/* False when @seq is too far off to be a number that was sent. */
bool tally_add(struct tally *tally, uint64_t seq, uint64_t bytes);

/* Sequence numbers below @sent (or, when 0, below the highest seen) that never arrived. */
uint64_t tally_lost(const struct tally *tally, uint64_t sent);

void tally_free(struct tally *tally);

#endif
