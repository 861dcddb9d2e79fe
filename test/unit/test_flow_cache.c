// SPDX-License-Identifier: GPL-2.0
/*
 * The flow cache gives the same answer as parser and hash for every packet, or none. So a packet's
 * bin, and with it the order, is the same with and without the cache, whatever its bins contain.
 */

#include "expect.h"
#include "flow/flow_cache.h"
#include "flow/hash.h"
#include "made.h"

#include <asm/byteorder.h>

#define FLOWS	64
#define PACKETS 200000

void get_random_bytes(void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
}

/* 0 for packets that are not whole packets of a flow. */
static u32 hash_of(const struct made *made)
{
	struct falcon_packet packet;

	if (falcon_packet_parse(made->wire.bytes, made->wire.len, cpu_to_be16(made->type),
				&wire_tunnels, &packet) != FALCON_PACKET_FLOW || packet.firsts)
		return 0;
	return falcon_hash_key(&packet.key, packet.vni);
}

/* The packet stands at the very end of a block of memory. */
static u32 find(struct falcon_flow_cache *cache, const struct made *made)
{
	u8 *block = malloc(made->wire.len);
	u32 hash;

	assert_non_null(block);
	memcpy(block, made->wire.bytes, made->wire.len);
	hash = falcon_flow_cache_find(cache, block, made->wire.len, cpu_to_be16(made->type), 0);
	free(block);
	return hash;
}

static bool learn(struct falcon_flow_cache *cache, const struct made *made)
{
	return falcon_flow_cache_learn(cache, made->wire.bytes, made->wire.len,
				       cpu_to_be16(made->type), &wire_tunnels, hash_of(made));
}

/* VXLAN or GENEVE over IPv4 or IPv6. */
static struct made usual(u8 outer_family, u8 family, bool geneve, u8 number)
{
	struct falcon_key outer = wire_flow(outer_family, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(family, IPPROTO_TCP, number);
	struct made made = { .type = wire_type(&outer), .flow = inner };

	wire_ip(&made.wire, &outer, IPPROTO_UDP);
	wire_udp(&made.wire, geneve ? GENEVE_PORT : VXLAN_PORT);
	if (geneve)
		wire_geneve(&made.wire, ETH_P_TEB, 1);
	else
		wire_vxlan(&made.wire, 0x08);
	wire_ethernet(&made.wire, wire_type(&inner));
	wire_packet(&made.wire, &inner);
	return made;
}

static void flow_cache__says_what_parser_and_hash_say(void **state)
{
	static struct made flows[FLOWS];
	struct falcon_flow_cache cache;
	unsigned int i, found = 0, kept = 0, flow;
	struct made packet;
	u32 hash;

	falcon_flow_cache_clear(&cache);
	made_seed = 0x5eed0021;
	for (i = 0; i < FLOWS; i++)
		made_packet(&flows[i]);
	for (i = 0; i < PACKETS; i++) {
		/* Runs of one flow, with others between. */
		if (!i || made_one_in(8))
			flow = made_below(made_one_in(2) ? 4 : FLOWS);
		packet = flows[flow];
		if (made_one_in(4))
			made_damage(&packet.wire);
		hash = find(&cache, &packet);
		if (hash) {
			found++;
			assert_int_equal(hash, hash_of(&packet));
		} else if (made_one_in(4)) {
			kept += learn(&cache, &packet);
		}
		if (made_one_in(PACKETS / 4))
			falcon_flow_cache_clear(&cache);
	}
	/* Otherwise the test proves nothing. */
	assert_in_range(found, PACKETS / 20, PACKETS);
	assert_in_range(kept, FLOWS, PACKETS);
}

static void flow_cache__knows_nothing_at_first(void **state)
{
	struct falcon_flow_cache cache;
	struct made packet = usual(4, 4, false, 1), none = { .type = 0 };

	falcon_flow_cache_clear(&cache);
	assert_int_equal(find(&cache, &packet), 0);
	assert_int_equal(find(&cache, &none), 0);
	none.wire.len = 200;
	assert_int_equal(find(&cache, &none), 0);
}

static void flow_cache__knows_flows_that_take_turns(void **state)
{
	struct falcon_flow_cache cache;
	unsigned int round, i, found = 0;
	struct made packets[4];

	falcon_flow_cache_clear(&cache);
	for (i = 0; i < 4; i++)
		packets[i] = usual(4, 4, false, 10 + i);
	for (round = 0; round < 100; round++)
		for (i = 0; i < 4; i++) {
			if (find(&cache, &packets[i]))
				found++;
			else
				learn(&cache, &packets[i]);
		}
	/* All packets after the first round, whatever bins they have. */
	assert_in_range(found, 350, 396);
}

/* Their tails have different offsets. */
static void flow_cache__knows_two_shapes_that_take_turns(void **state)
{
	struct falcon_flow_cache cache;
	struct made a = usual(4, 4, false, 10), b = usual(6, 6, true, 11);
	unsigned int round;

	falcon_flow_cache_clear(&cache);
	assert_true(learn(&cache, &a));
	assert_true(learn(&cache, &b));
	for (round = 0; round < 10; round++) {
		assert_int_equal(find(&cache, &a), hash_of(&a));
		assert_int_equal(find(&cache, &b), hash_of(&b));
	}
}

/* A cache that knows the flow of this packet only. */
static struct falcon_flow_cache cache_of(const struct made *made)
{
	struct falcon_flow_cache cache;

	falcon_flow_cache_clear(&cache);
	assert_true(learn(&cache, made));
	return cache;
}

/* The same ports and addresses in another network, or behind another header. */
static void flow_cache__tells_flows_of_one_bin_apart(void **state)
{
	struct made a = usual(4, 4, false, 10), b = a;
	struct falcon_flow_cache cache = cache_of(&a);

	b.wire.bytes[34] ^= 1;
	assert_int_not_equal(hash_of(&a), hash_of(&b));
	assert_int_equal(find(&cache, &b), 0);
	assert_int_equal(find(&cache, &a), hash_of(&a));

	/* A flow that was found since keeps the bin once. */
	assert_false(learn(&cache, &b));
	assert_int_equal(find(&cache, &a), hash_of(&a));
	assert_false(learn(&cache, &b));
	assert_true(learn(&cache, &b));
	assert_int_equal(find(&cache, &b), hash_of(&b));
	assert_int_equal(find(&cache, &a), 0);
}

static void flow_cache__is_not_told_by_a_piece(void **state)
{
	struct made a = usual(6, 6, false, 10), piece = a;
	struct falcon_flow_cache cache = cache_of(&a);

	/* The transport header's first half has the ports. */
	for (piece.wire.len = 0; piece.wire.len < a.wire.len - 4; piece.wire.len++)
		assert_int_equal(find(&cache, &piece), 0);
	assert_int_equal(find(&cache, &piece), hash_of(&a));
}

static void flow_cache__forgets(void **state)
{
	struct made a = usual(4, 6, true, 10);
	struct falcon_flow_cache cache = cache_of(&a);

	assert_int_equal(find(&cache, &a), hash_of(&a));
	falcon_flow_cache_clear(&cache);
	assert_int_equal(find(&cache, &a), 0);
}

static void flow_cache__is_of_the_same_protocol(void **state)
{
	struct made a = usual(4, 4, false, 10), b = a;
	struct falcon_flow_cache cache = cache_of(&a);

	b.type = ETH_P_IPV6;
	assert_int_equal(find(&cache, &b), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_cache__says_what_parser_and_hash_say),
		cmocka_unit_test(flow_cache__knows_nothing_at_first),
		cmocka_unit_test(flow_cache__knows_flows_that_take_turns),
		cmocka_unit_test(flow_cache__knows_two_shapes_that_take_turns),
		cmocka_unit_test(flow_cache__tells_flows_of_one_bin_apart),
		cmocka_unit_test(flow_cache__is_not_told_by_a_piece),
		cmocka_unit_test(flow_cache__forgets),
		cmocka_unit_test(flow_cache__is_of_the_same_protocol),
	};

	falcon_hash_init();
	return unit_run(tests);
}
