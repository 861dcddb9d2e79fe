// SPDX-License-Identifier: GPL-2.0

#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/init.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "flow/hash.h"

static hsiphash_key_t key_of_hash __ro_after_init;

void __init falcon_hash_init(void)
{
	get_random_bytes(&key_of_hash, sizeof(key_of_hash));
}

u32 falcon_hash_words(const u32 *words, size_t count)
{
	return hsiphash(words, count * sizeof(*words), &key_of_hash) ?: 1;
}

/*
 * The lower bits are the same in all networks. So a flow is found among few behind the tunnel,
 * where its network is not known. Nobody knows these bits, so nobody can pick a network to hit
 * another flow.
 */
static u32 in_network(u32 hash, u32 vni)
{
	if (vni != FALCON_NO_VNI)
		hash ^= (vni + 1) * GOLDEN_RATIO_32 & ~0U << FALCON_HASH_COMMON;
	return hash ?: 1;
}

u32 falcon_hash_tuple(const struct falcon_tuple *tuple)
{
	u32 ports = (u32)(__force u16)tuple->sport << 16 | (__force u16)tuple->dport;

	return in_network(hsiphash_4u32((__force u32)tuple->saddr, (__force u32)tuple->daddr, ports,
					tuple->protocol, &key_of_hash), tuple->vni);
}

u32 falcon_hash_key(const struct falcon_key *key, u32 vni)
{
	const struct falcon_tuple tuple = {
		.saddr		= key->saddr[0],
		.daddr		= key->daddr[0],
		.sport		= key->sport,
		.dport		= key->dport,
		.protocol	= key->protocol,
		.vni		= vni,
	};

	if (key->family == 4)
		return falcon_hash_tuple(&tuple);
	return in_network(hsiphash(key, sizeof(*key), &key_of_hash), vni);
}
