/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash by which flows and datagrams are found. It is keyed at load, by a function that
 * withstands chosen input: nobody can aim at another's flow, or at one bucket of a table.
 *
 * Pure, but for the key.
 */

#ifndef _FALCON_HASH_H
#define _FALCON_HASH_H

#include <linux/types.h>

#include "flow/packet.h"

/* Lower bits of a flow's hash that do not depend on its virtual network. */
#define FALCON_HASH_COMMON 14

/* Choose the key. Context: module initialisation. */
void falcon_hash_init(void);

/* Hash of @count words, never 0. Context: any. */
u32 falcon_hash_words(const u32 *words, size_t count);

/*
 * Hash of a flow, never 0; its key and its tuple give the same. @vni: its virtual network, or
 * FALCON_NO_VNI if flows of several networks are not to be told apart. Context: any.
 */
u32 falcon_hash_key(const struct falcon_key *key, u32 vni);
u32 falcon_hash_tuple(const struct falcon_tuple *tuple);

#endif /* _FALCON_HASH_H */
