// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments: falcon remembers for a datagram the flow that was last recorded for it, or none any
 * more; never another datagram's flow.
 */

#include <string.h>

#include "fuzz.h"
#include "flow/fragment.h"
#include "flow/hash.h"

#define IDS 8192	/* of datagrams: more than the table can hold */

/* Replaces the keyed hash of hash.c: FNV-1a over every word. */
u32 falcon_hash_words(const u32 *words, size_t count)
{
	u32 hash = 2166136261u;

	while (count--)
		hash = (hash ^ *words++) * 16777619u;
	return hash ? hash : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u32 told[IDS], run;
	struct falcon_datagram datagram;
	u32 hash, found;
	u16 step;

	memset(told, 0, sizeof(told));
	/* Datagrams of this input only. */
	run++;
	while (size) {
		fuzz_take(&data, &size, &step, sizeof(step));
		datagram = (struct falcon_datagram){
			.id = step % IDS, .saddr = { run }, .protocol = 17,
		};
		if (step & 0x8000) {
			fuzz_take(&data, &size, &hash, sizeof(hash));
			falcon_fragment_first(&datagram, hash);
			told[datagram.id] = hash;
			must(falcon_fragment_later(&datagram) == hash);
		} else {
			found = falcon_fragment_later(&datagram);
			must(!found || found == told[datagram.id]);
		}
	}
	return 0;
}
