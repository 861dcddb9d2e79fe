// SPDX-License-Identifier: GPL-2.0
/*
 * Packets made by chance, the same ones on every run: well-formed ones whose flow is known, the
 * same ones damaged, and noise. What to expect is known from how they were made.
 */

#include "wire.h"

#include <asm/byteorder.h>

#define MADE	50000
#define DAMAGED	19	/* of each one made */
#define NOISE	100000

struct made {
	struct wire		wire;
	u16			type;
	struct falcon_key	flow;
	enum falcon_packet_kind	kind;
	unsigned int		firsts;
};

static u32 seed;

static unsigned int below(unsigned int bound)
{
	return unit_random(&seed) % bound;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

enum place { WHOLE, FIRST, LATER };

/* An IP header with whatever may be in it; says where in its datagram the packet is. */
static enum place put_ip(struct wire *wire, const struct falcon_key *flow, u8 protocol)
{
	enum place place = one_in(6) ? FIRST + below(2) : WHOLE;
	unsigned int offset = place == LATER ? 1 + below(0x1fff) : 0;
	bool more = place == FIRST || (place == LATER && one_in(2));
	static const u8 kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS };
	unsigned int i, extensions = one_in(4) ? 1 + below(4) : 0;
	u8 chain[8], last = place == WHOLE ? protocol : IPPROTO_FRAGMENT;

	if (flow->family == 4) {
		wire_ipv4(wire, flow, protocol, one_in(4) ? below(11) : 0,
			  (more ? MORE : 0) | offset, unit_random(&seed));
		return place;
	}
	for (i = 0; i < extensions; i++)
		chain[i] = kinds[below(3)];
	chain[extensions] = last;
	wire_ip(wire, flow, chain[0]);
	for (i = 0; i < extensions; i++)
		wire_extension(wire, chain[i + 1], below(3));
	if (place != WHOLE)
		wire_fragment(wire, protocol, offset, more, unit_random(&seed));
	return place;
}

static u8 put_tunnel_header(struct wire *wire, unsigned int kind, u16 type)
{
	static const u8 gre_flags[] = { 0, 0x80, 0x20, 0x10, 0xa0, 0x90, 0x30, 0xb0 };

	switch (kind) {
	case 0:
		wire_udp(wire, one_in(2) ? VXLAN_PORT : 8472);
		wire_vxlan(wire, 0x08);
		return 1;
	case 1:
		wire_udp(wire, GENEVE_PORT);
		if (one_in(3)) {
			wire_geneve(wire, type, below(64));
			return 0;
		}
		wire_geneve(wire, ETH_P_TEB, below(64));
		return 1;
	case 2:
		if (one_in(2)) {
			wire_gre(wire, gre_flags[below(8)], 0, type);
			return 0;
		}
		wire_gre(wire, gre_flags[below(8)], 0, ETH_P_TEB);
		return 1;
	default:
		return 0;
	}
}

static u16 put_tags(struct wire *wire, u16 type)
{
	unsigned int tags = one_in(4) ? 1 + below(2) : 0;
	u16 before = tags ? ETH_P_8021Q : type;

	for (; tags; tags--)
		wire_tag(wire, tags > 1 ? ETH_P_8021Q : type);
	return before;
}

/* Ethernet that says what the tags begin with, which are written after it. */
static void put_frame(struct wire *wire, u16 type)
{
	unsigned int at = wire->len + 2 * ETH_ALEN;
	u16 first;

	wire_ethernet(wire, type);
	first = put_tags(wire, type);
	wire->bytes[at] = first >> 8;
	wire->bytes[at + 1] = first;
}

static void make(struct made *made)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };
	static const u8 outers[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_GRE };
	struct falcon_key outer = wire_flow(one_in(2) ? 4 : 6, 0, 1 + below(200));
	struct falcon_key inner = wire_flow(one_in(2) ? 4 : 6, protocols[below(4)], 1 + below(200));
	unsigned int kind = below(4);
	u8 protocol = kind < 3 ? outers[kind] : inner.family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	enum place place;

	memset(made, 0, sizeof(*made));
	made->type = put_tags(&made->wire, wire_type(&outer));
	place = put_ip(&made->wire, &outer, protocol);
	made->firsts = place == FIRST;
	made->flow = outer;
	made->flow.protocol = protocol;
	made->kind = FALCON_PACKET_FRAGMENT;
	if (place == LATER) {
		wire_fill(&made->wire, below(40), unit_random(&seed));
		return;
	}
	if (put_tunnel_header(&made->wire, kind, wire_type(&inner)))
		put_frame(&made->wire, wire_type(&inner));
	place = put_ip(&made->wire, &inner, inner.protocol);
	made->firsts += place == FIRST;
	made->flow = inner;
	if (place == LATER) {
		made->flow.sport = 0;
		made->flow.dport = 0;
		return;
	}
	wire_ports(&made->wire, &inner);
	made->kind = FALCON_PACKET_FLOW;
}

static void random__well_formed_are_understood(void **state)
{
	unsigned int kinds[4] = { 0 }, i;
	struct falcon_packet packet;
	struct made made;

	seed = 0x5eed0001;
	for (i = 0; i < MADE; i++) {
		make(&made);
		assert_int_equal(wire_parse(&made.wire, made.wire.len, made.type, &wire_tunnels,
					    &packet), made.kind);
		assert_memory_equal(&packet.key, &made.flow, sizeof(made.flow));
		assert_int_equal(packet.firsts, made.firsts);
		kinds[made.kind]++;
	}
	/* Else the maker makes no longer what it is for. */
	assert_in_range(kinds[FALCON_PACKET_FLOW], MADE / 2, MADE);
	assert_in_range(kinds[FALCON_PACKET_FRAGMENT], MADE / 10, MADE / 2);
}

static void random__pieces_are_unknown_or_the_same(void **state)
{
	struct falcon_packet packet;
	struct made made;
	unsigned int i;

	seed = 0x5eed0002;
	for (i = 0; i < 1000; i++) {
		make(&made);
		wire_expect(&made.wire, made.type, &wire_tunnels, made.kind, &packet);
	}
}

static void damage(struct wire *wire)
{
	unsigned int times = 1 + below(4), at;

	while (times-- && wire->len) {
		at = below(wire->len < 120 ? wire->len : 120);
		switch (below(4)) {
		case 0:
			wire->bytes[at] = unit_random(&seed);
			break;
		case 1:
			wire->bytes[at] ^= 1 << below(8);
			break;
		case 2:
			wire->bytes[at] = one_in(2) ? 0 : 0xff;
			break;
		case 3:
			wire->len = below(wire->len + 1);
			break;
		}
	}
}

static void random__damaged_are_read_within_bounds(void **state)
{
	unsigned int kinds[4] = { 0 }, i, j;
	struct falcon_packet packet, again;
	struct made made, damaged;

	seed = 0x5eed0003;
	for (i = 0; i < MADE; i++) {
		make(&made);
		for (j = 0; j < DAMAGED; j++) {
			enum falcon_packet_kind kind;

			damaged = made;
			damage(&damaged.wire);
			/* ASan and wire_parse() look after what it does. */
			kind = wire_parse(&damaged.wire, damaged.wire.len, made.type,
					  one_in(4) ? NULL : &wire_tunnels, &packet);
			kinds[kind]++;
		}
		/* An answer does not depend on the one before. */
		assert_int_equal(wire_parse(&made.wire, made.wire.len, made.type, &wire_tunnels,
					    &again), made.kind);
		assert_memory_equal(&again.key, &made.flow, sizeof(made.flow));
	}
	for (i = 0; i < 4; i++)
		assert_in_range(kinds[i], MADE / 10, MADE * DAMAGED);
}

static void random__noise_is_read_within_bounds(void **state)
{
	static const u16 types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD };
	struct falcon_packet packet;
	struct wire wire;
	unsigned int i, j, known = 0;

	seed = 0x5eed0004;
	for (i = 0; i < NOISE; i++) {
		u16 type = types[below(4)];

		wire.len = below(128);
		for (j = 0; j < wire.len; j++)
			wire.bytes[j] = unit_random(&seed);
		/* Most noise would end at the version. */
		if (wire.len && type == ETH_P_IP)
			wire.bytes[0] = 0x45;
		else if (wire.len && type == ETH_P_IPV6)
			wire.bytes[0] = 0x60;
		known += wire_parse(&wire, wire.len, type, one_in(2) ? NULL : &wire_tunnels,
				    &packet) != FALCON_PACKET_UNKNOWN;
	}
	assert_in_range(known, NOISE / 10, NOISE);
}

static void random__quick_answers_are_the_parsers(void **state)
{
	unsigned int kinds[4] = { 0 }, i, j;
	struct made made, damaged;

	seed = 0x5eed0005;
	for (i = 0; i < MADE; i++) {
		make(&made);
		if (made.type != ETH_P_IP)
			continue;
		kinds[wire_quick(&made.wire, made.wire.len, &wire_tunnels)]++;
		for (j = 0; j < DAMAGED; j++) {
			damaged = made;
			damage(&damaged.wire);
			kinds[wire_quick(&damaged.wire, damaged.wire.len, &wire_tunnels)]++;
		}
	}
	/* Else nothing was compared. */
	assert_in_range(kinds[FALCON_PACKET_FLOW], 1000, MADE * (DAMAGED + 1));
	assert_in_range(kinds[FALCON_PACKET_PLAIN], 1000, MADE * (DAMAGED + 1));
	assert_in_range(kinds[FALCON_PACKET_UNKNOWN], 1000, MADE * (DAMAGED + 1));
}

static void random__quick_answers_about_the_usual_shape_with_a_byte_changed(void **state)
{
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(4, IPPROTO_TCP, 2);
	unsigned int kinds[4] = { 0 }, at, value;
	struct wire usual = { 0 }, changed;

	wire_ip(&usual, &outer, IPPROTO_UDP);
	wire_udp(&usual, VXLAN_PORT);
	wire_vxlan(&usual, 0x08);
	wire_ethernet(&usual, ETH_P_IP);
	wire_packet(&usual, &inner);
	for (at = 0; at < usual.len; at++)
		for (value = 0; value < 256; value++) {
			changed = usual;
			changed.bytes[at] = value;
			kinds[wire_quick(&changed, changed.len, &wire_tunnels)]++;
		}
	/* Addresses, ports, lengths, identifications: most bytes may have any value. */
	assert_in_range(kinds[FALCON_PACKET_FLOW], usual.len * 256 / 2, usual.len * 256);
	assert_in_range(kinds[FALCON_PACKET_PLAIN], 256, 1024);
	assert_in_range(kinds[FALCON_PACKET_UNKNOWN], 1024, usual.len * 256 / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random__well_formed_are_understood),
		cmocka_unit_test(random__pieces_are_unknown_or_the_same),
		cmocka_unit_test(random__damaged_are_read_within_bounds),
		cmocka_unit_test(random__noise_is_read_within_bounds),
		cmocka_unit_test(random__quick_answers_are_the_parsers),
		cmocka_unit_test(random__quick_answers_about_the_usual_shape_with_a_byte_changed),
	};

	return unit_run(tests);
}
