/* SPDX-License-Identifier: GPL-2.0 */
/* SipHash-1-3, which is hsiphash() on 64-bit kernels. */
#ifndef _SHIM_SIPHASH_H
#define _SHIM_SIPHASH_H

#include <string.h>
#include <linux/types.h>

typedef struct {
	u64 key[2];
} hsiphash_key_t;

static inline u64 shim_rol(u64 word, unsigned int by)
{
	return word << by | word >> (64 - by);
}

static inline void shim_sip_round(u64 *v)
{
	v[0] += v[1];
	v[1] = shim_rol(v[1], 13) ^ v[0];
	v[0] = shim_rol(v[0], 32);
	v[2] += v[3];
	v[3] = shim_rol(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = shim_rol(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = shim_rol(v[1], 17) ^ v[2];
	v[2] = shim_rol(v[2], 32);
}

static inline u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key)
{
	u64 v[4] = {
		key->key[0] ^ 0x736f6d6570736575ULL, key->key[1] ^ 0x646f72616e646f6dULL,
		key->key[0] ^ 0x6c7967656e657261ULL, key->key[1] ^ 0x7465646279746573ULL,
	};
	const u8 *p = data;
	size_t left;
	u64 word;

	for (left = len; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		v[3] ^= word;
		shim_sip_round(v);
		v[0] ^= word;
	}
	word = (u64)len << 56;
	memcpy(&word, p, left);
	v[3] ^= word;
	shim_sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	shim_sip_round(v);
	shim_sip_round(v);
	shim_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline u32 hsiphash_4u32(u32 a, u32 b, u32 c, u32 d, const hsiphash_key_t *key)
{
	const u32 words[] = { a, b, c, d };

	return hsiphash(words, sizeof(words), key);
}

#endif
