// SPDX-License-Identifier: GPL-2.0
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"

#define BITS_PER_WORD	64
/* 2^30 datagrams: hours of traffic, 128 MiB of bitmap */
#define SEQ_LIMIT	(1ULL << 30)

static void grow(struct tally *tally, uint64_t seq)
{
	uint64_t words = tally->words ? tally->words : 1024;
	uint64_t *seen;

	while (words <= seq / BITS_PER_WORD)
		words *= 2;
	if (words == tally->words)
		return;
	seen = realloc(tally->seen, words * sizeof(*seen));
	if (!seen)
		die("no memory for %llu sequence numbers",
		    (unsigned long long)words * BITS_PER_WORD);
	memset(seen + tally->words, 0, (words - tally->words) * sizeof(*seen));
	tally->seen = seen;
	tally->words = words;
}

bool tally_add(struct tally *tally, uint64_t seq, uint64_t bytes)
{
	uint64_t bit = 1ULL << (seq % BITS_PER_WORD);

	if (seq >= SEQ_LIMIT)
		return false;
	grow(tally, seq);
	if (tally->seen[seq / BITS_PER_WORD] & bit) {
		tally->duplicated++;
		return true;
	}
	tally->seen[seq / BITS_PER_WORD] |= bit;
	tally->distinct++;
	tally->bytes += bytes;
	if (seq < tally->next)
		tally->reordered++;
	else
		tally->next = seq + 1;
	return true;
}

uint64_t tally_lost(const struct tally *tally, uint64_t sent)
{
	if (sent < tally->next)
		sent = tally->next;
	return sent - tally->distinct;
}

void tally_free(struct tally *tally)
{
	free(tally->seen);
	memset(tally, 0, sizeof(*tally));
}
