// SPDX-License-Identifier: GPL-2.0

#include <linux/cache.h>
#include <linux/compiler.h>

#include "flow/fragment.h"
#include "flow/hash.h"

#define DATAGRAMS 1024	/* a power of two; a datagram's fragments come close together */

/*
 * An entry has the tag above and the flow's hash below, in one word, so a reader never sees half of
 * each. A datagram overwrites one with the same tag: identifications come round, and a first
 * fragment comes before the later ones of its own datagram.
 */
static u64 datagrams[DATAGRAMS] ____cacheline_aligned;

static u32 datagram_hash(const struct falcon_datagram *datagram)
{
	return falcon_hash_words((const u32 *)datagram, sizeof(*datagram) / sizeof(u32));
}

void falcon_fragment_first(const struct falcon_datagram *datagram, u32 hash)
{
	u32 tag = datagram_hash(datagram);

	WRITE_ONCE(datagrams[tag % DATAGRAMS], (u64)tag << 32 | hash);
}

u32 falcon_fragment_later(const struct falcon_datagram *datagram)
{
	u32 tag = datagram_hash(datagram);
	u64 entry = READ_ONCE(datagrams[tag % DATAGRAMS]);

	return entry >> 32 == tag ? (u32)entry : 0;
}
