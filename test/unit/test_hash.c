// SPDX-License-Identifier: GPL-2.0
/*
 * The flow hash: the fields that it depends on, and that nobody can construct two flows with one
 * hash.
 */

#include <arpa/inet.h>

#include "unit.h"
#include "flow/hash.h"

#define KEYS 400

static u32 seed = 1;

/* The test chooses the key. */
void get_random_bytes(void *to, size_t bytes)
{
	u8 *p = to;

	while (bytes--)
		*p++ = unit_random(&seed) >> 8;
}

static struct falcon_key flow(u8 family, u8 protocol)
{
	return (struct falcon_key){
		.family = family, .protocol = protocol,
		.saddr = { htonl(0x0a010203) }, .daddr = { htonl(0x0a010204) },
		.sport = htons(40000), .dport = htons(53),
	};
}

static struct falcon_tuple tuple_of(const struct falcon_key *key, u32 vni)
{
	return (struct falcon_tuple){
		.saddr = key->saddr[0], .daddr = key->daddr[0], .sport = key->sport,
		.dport = key->dport, .protocol = key->protocol, .vni = vni,
	};
}

static void hash__of_key_and_tuple_is_one(void **state)
{
	struct falcon_key key = flow(4, 17);
	struct falcon_tuple tuple = tuple_of(&key, 77);

	assert_int_equal(falcon_hash_key(&key, 77), falcon_hash_tuple(&tuple));
	tuple.vni = FALCON_NO_VNI;
	assert_int_equal(falcon_hash_key(&key, FALCON_NO_VNI), falcon_hash_tuple(&tuple));
	assert_int_not_equal(falcon_hash_key(&key, 77), falcon_hash_key(&key, FALCON_NO_VNI));
}

/* Containers of two virtual networks may have the same addresses. */
static void hash__every_field_counts(void **state)
{
	static const u8 families[] = { 4, 6 };
	unsigned int i, at;

	for (i = 0; i < 2; i++) {
		struct falcon_key key = flow(families[i], 17);
		u32 hash = falcon_hash_key(&key, 77);

		assert_int_not_equal(hash, falcon_hash_key(&key, 78));
		for (at = 0; at < offsetof(struct falcon_key, family); at++) {
			struct falcon_key other = key;

			/* An IPv4 address has one word. */
			if (key.family == 4 && at < 32 && at % 16 >= 4)
				continue;
			((u8 *)&other)[at] ^= 1;
			assert_int_not_equal(hash, falcon_hash_key(&other, 77));
		}
	}
}

/* So falcon finds a flow even if its virtual network is not known. */
static void hash__has_its_lower_bits_in_every_network(void **state)
{
	static const u8 families[] = { 4, 6 };
	u32 vni, hash, i;

	for (i = 0; i < 2; i++) {
		struct falcon_key key = flow(families[i], 17);

		hash = falcon_hash_key(&key, FALCON_NO_VNI);
		for (vni = 0; vni < 1 << 24; vni += 4099)
			assert_int_equal((falcon_hash_key(&key, vni) ^ hash)
						 << (32 - FALCON_HASH_COMMON), 0);
	}
}

static void hash__is_another_by_another_key(void **state)
{
	struct falcon_key key = flow(4, 17);
	u32 words[2] = { 1, 2 };
	u32 before[2] = { falcon_hash_key(&key, 77), falcon_hash_words(words, 2) };

	falcon_hash_init();
	assert_int_not_equal(before[0], falcon_hash_key(&key, 77));
	assert_int_not_equal(before[1], falcon_hash_words(words, 2));
}

/*
 * A sum of field and key would not be enough: an attacker could subtract from addresses and ports
 * what another protocol, or another network, adds to the key. The hash would then be the same for
 * any key. There are only a few such sums; with all of them sent, one flow would hit the other's
 * place for sure.
 */
static void hash__of_another_protocol_cannot_be_made_the_same(void **state)
{
	struct falcon_key key = flow(4, 17);
	struct falcon_tuple tuple = tuple_of(&key, 77);
	unsigned int i, same = 0;
	int by;

	for (i = 0; i < KEYS; i++) {
		falcon_hash_init();
		for (by = -32; by <= 32; by++) {
			u32 ports = (u32)tuple.sport << 16 | tuple.dport;
			struct falcon_tuple other = tuple;

			other.protocol = 6;
			other.saddr += by;
			other.daddr += by;
			other.sport = (ports + by) >> 16;
			other.dport = ports + by;
			same += falcon_hash_tuple(&other) == falcon_hash_tuple(&tuple);
		}
	}
	assert_int_equal(same, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash__of_key_and_tuple_is_one),
		cmocka_unit_test(hash__every_field_counts),
		cmocka_unit_test(hash__has_its_lower_bits_in_every_network),
		cmocka_unit_test(hash__is_another_by_another_key),
		cmocka_unit_test(hash__of_another_protocol_cannot_be_made_the_same),
	};

	falcon_hash_init();
	return unit_run(tests);
}
