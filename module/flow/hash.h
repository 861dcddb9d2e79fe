/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash that flows and datagrams are found by. Keyed at load, by a function that stands up to
 * who chooses what is hashed: nobody can aim at another's flow, or at one place of a table.
 *
 * Pure, but for the key.
 */

#ifndef _FALCON_HASH_H
#define _FALCON_HASH_H

#include <linux/types.h>

#include "flow/packet.h"

/* Bits of a flow's hash, the lower ones, that its virtual network leaves as they are. */
#define FALCON_HASH_COMMON 14

/* Choose the key. Context: module initialisation. */
void falcon_hash_init(void);

/* Of @count words, never 0. Context: any. */
u32 falcon_hash_words(const u32 *words, size_t count);

/*
 * Of a flow, never 0; a key and a tuple of the same flow have the same. @vni: as falcon_packet has
 * it; FALCON_NO_VNI where flows are not told apart by it. Context: any.
 */
u32 falcon_hash_key(const struct falcon_key *key, u32 vni);
u32 falcon_hash_tuple(const struct falcon_tuple *tuple);

#endif /* _FALCON_HASH_H */
