// SPDX-License-Identifier: GPL-2.0
/*
 * The foundation of the flow cache: if a packet fits a template, the parser gives the same answer
 * for it as for the template's own packet. Tested with random packets, changed in every way.
 */

#include "expect.h"
#include "made.h"
#include "flow/template.h"

#include <asm/byteorder.h>

#define MADE	20000
#define CHANGED	20	/* of each packet */

static bool make(const struct wire *wire, u16 type, struct falcon_template *template)
{
	bool is_made;
	u8 *block = malloc(wire->len);

	assert_non_null(block);
	memcpy(block, wire->bytes, wire->len);
	memset(template, 0xa5, sizeof(*template));
	is_made = falcon_template_make(template, block, wire->len, cpu_to_be16(type),
				       &wire_tunnels);
	free(block);
	return is_made;
}

/* Like the flow cache, with the packet at the very end of a block of memory. */
static bool fits(const struct wire *wire, const struct falcon_template *template)
{
	unsigned int len = template->tail_at + sizeof(u64);
	u64 tail;
	bool fit;
	u8 *block;

	if (wire->len < len)
		return false;
	block = malloc(len);
	assert_non_null(block);
	memcpy(block, wire->bytes, len);
	memcpy(&tail, block + template->tail_at, sizeof(tail));
	fit = tail == template->tail && falcon_template_fits(template, block);
	free(block);
	return fit;
}

/* Restore the bytes that the template fixes in a changed packet. */
static void restore(struct wire *wire, const struct falcon_template *template)
{
	unsigned int i;
	u64 word;

	for (i = 0; i < template->goes * FALCON_TEMPLATE_GO; i++) {
		memcpy(&word, wire->bytes + template->words[i].at, sizeof(word));
		word = (word & ~template->words[i].mask) | template->words[i].value;
		memcpy(wire->bytes + template->words[i].at, &word, sizeof(word));
	}
	memcpy(wire->bytes + template->tail_at, &template->tail, sizeof(template->tail));
	if (wire->len < template->tail_at + sizeof(u64))
		wire->len = template->tail_at + sizeof(u64);
}

static void expect_same(const struct wire *wire, const struct made *made, u32 vni)
{
	struct falcon_packet packet;

	assert_int_equal(wire_parse(wire, wire->len, made->type, &wire_tunnels, &packet),
			 FALCON_PACKET_FLOW);
	assert_memory_equal(&packet.key, &made->flow, sizeof(packet.key));
	assert_int_equal(packet.vni, vni);
	assert_int_equal(packet.firsts, 0);
}

static void template__what_fits_is_of_the_flow(void **state)
{
	struct falcon_template template;
	struct falcon_packet packet;
	struct made made, changed;
	unsigned int i, j, count = 0, fit = 0, apart = 0;

	made_seed = 0x5eed0011;
	for (i = 0; i < MADE; i++) {
		made_packet(&made);
		if (!make(&made.wire, made.type, &template))
			continue;
		count++;
		assert_int_equal(made.kind, FALCON_PACKET_FLOW);
		assert_true(fits(&made.wire, &template));
		wire_parse(&made.wire, made.wire.len, made.type, &wire_tunnels, &packet);
		for (j = 0; j < CHANGED; j++) {
			changed = made;
			made_damage(&changed.wire);
			if (fits(&changed.wire, &template)) {
				fit++;
				expect_same(&changed.wire, &made, packet.vni);
			} else {
				apart++;
			}
		}
	}
	/* Otherwise the test proves nothing. */
	assert_in_range(count, MADE / 10, MADE);
	assert_in_range(fit, count, count * CHANGED);
	assert_in_range(apart, count, count * CHANGED);
}

/* All other bits at once, and also bytes behind the last one. */
static void template__of_the_rest_every_bit_may_change(void **state)
{
	struct falcon_template template;
	struct falcon_packet packet;
	struct made made, changed;
	unsigned int i, j, at;

	made_seed = 0x5eed0012;
	for (i = 0; i < MADE; i++) {
		made_packet(&made);
		if (!make(&made.wire, made.type, &template))
			continue;
		wire_parse(&made.wire, made.wire.len, made.type, &wire_tunnels, &packet);
		for (j = 0; j < CHANGED; j++) {
			changed = made;
			changed.wire.len = template.tail_at + made_below(64);
			for (at = 0; at < changed.wire.len; at++)
				changed.wire.bytes[at] = unit_random(&made_seed);
			restore(&changed.wire, &template);
			assert_true(fits(&changed.wire, &template));
			expect_same(&changed.wire, &made, packet.vni);
		}
	}
}

static void template__no_bit_that_is_compared_may_change(void **state)
{
	struct falcon_template template;
	struct made made, changed;
	unsigned int i, words, word, bit, at;

	made_seed = 0x5eed0013;
	for (i = 0; i < 1000; i++) {
		made_packet(&made);
		if (!make(&made.wire, made.type, &template))
			continue;
		words = template.goes * FALCON_TEMPLATE_GO;
		for (word = 0; word <= words; word++) {
			u64 mask = word < words ? template.words[word].mask : ~0ull;

			at = word < words ? template.words[word].at : template.tail_at;
			for (bit = 0; bit < 64; bit++) {
				if (!(mask >> bit & 1))
					continue;
				changed = made;
				changed.wire.bytes[at + bit / 8] ^= 1 << bit % 8;
				assert_false(fits(&changed.wire, &template));
			}
		}
	}
}

/*
 * @kind: of tunnel; the families of the outer and the inner header; @tag: the inner one has a tag.
 */
static void put_usual(struct wire *wire, unsigned int kind, u8 outer_family, u8 inner_family,
		      bool tag, const struct falcon_key *inner)
{
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_GRE, IPPROTO_GRE };
	u8 protocol = kind < 4 ? protocols[kind] : inner_family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	struct falcon_key outer = wire_flow(outer_family, protocol, 1);

	wire_ip(wire, &outer, protocol);
	switch (kind) {
	case 0:
		wire_udp(wire, VXLAN_PORT);
		wire_vxlan(wire, 0x08);
		break;
	case 1:
		wire_udp(wire, GENEVE_PORT);
		wire_geneve(wire, ETH_P_TEB, 2);
		break;
	case 2:
		wire_gre(wire, 0x20, 0, ETH_P_TEB);
		break;
	case 3:
		wire_gre(wire, 0, 0, wire_type(inner));
		break;
	}
	if (kind < 3) {
		wire_ethernet(wire, tag ? ETH_P_8021Q : wire_type(inner));
		if (tag)
			wire_tag(wire, wire_type(inner));
	}
	wire_packet(wire, inner);
}

static void template__every_usual_packet_has_one(void **state)
{
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP };
	unsigned int i;

	for (i = 0; i < 5 * 2 * 2 * 2 * 3; i++) {
		unsigned int kind = i % 5, tag = i / 20 % 2;
		u8 outer = i / 5 % 2 ? 6 : 4, family = i / 10 % 2 ? 6 : 4;
		struct falcon_key inner = wire_flow(family, protocols[i / 40], 7);
		struct falcon_template template;
		struct wire wire = { 0 };

		put_usual(&wire, kind, outer, family, tag, &inner);
		assert_true(make(&wire, outer == 4 ? ETH_P_IP : ETH_P_IPV6, &template));
		assert_true(fits(&wire, &template));
		/* The cost of the comparison. */
		assert_in_range(template.goes * FALCON_TEMPLATE_GO, 4, 12);
	}
}

static void template__packets_of_a_flow_differ_in_much(void **state)
{
	/* Offsets in VXLAN over IPv4. */
	static const u8 free[] = { 1, 2, 3, 4, 5, 8, 10, 11, 12, 15, 16, 19, 20, 21, 24, 25, 26, 27,
				   29, 30, 31, 35, 36, 41, 42, 47, 51, 52, 53, 54, 55, 58, 60, 61 };
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 7);
	struct falcon_template template;
	struct wire wire = { 0 };
	unsigned int i;

	put_usual(&wire, 0, 4, 4, false, &inner);
	assert_true(make(&wire, ETH_P_IP, &template));
	for (i = 0; i < sizeof(free); i++) {
		wire.bytes[free[i]] ^= 0xff;
		assert_true(fits(&wire, &template));
	}
	/* "Don't fragment" of the outer and of the inner header. */
	wire.bytes[6] ^= 0x40;
	wire.bytes[56] ^= 0x40;
	assert_true(fits(&wire, &template));
}

static void template__none_of_what_has_no_tunnel_or_is_a_fragment(void **state)
{
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 7);
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_template template;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		struct wire wire = { 0 };

		wire_ipv4(&wire, &outer, IPPROTO_UDP, 0, i == 0 ? MORE : 0, 1);
		wire_udp(&wire, i == 3 ? 53 : VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, ETH_P_IP);
		wire_ipv4(&wire, &inner, IPPROTO_UDP, 0, i == 1 ? MORE : i == 2 ? 100 : 0, 1);
		wire_ports(&wire, &inner);
		assert_false(make(&wire, ETH_P_IP, &template));
	}
}

static void template__none_of_what_has_options_before_its_ports(void **state)
{
	struct falcon_key v4 = wire_flow(4, IPPROTO_UDP, 7), v6 = wire_flow(6, IPPROTO_UDP, 7);
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct wire wire4 = { 0 }, wire6 = { 0 };
	struct falcon_template template;

	wire_ip(&wire4, &outer, IPPROTO_IPIP);
	wire_ipv4(&wire4, &v4, IPPROTO_UDP, 1, 0, 1);
	wire_ports(&wire4, &v4);
	assert_false(make(&wire4, ETH_P_IP, &template));

	wire_ip(&wire6, &outer, IPPROTO_IPV6);
	wire_ip(&wire6, &v6, IPPROTO_DSTOPTS);
	wire_extension(&wire6, IPPROTO_UDP, 0);
	wire_ports(&wire6, &v6);
	assert_false(make(&wire6, ETH_P_IP, &template));
}

static void template__reaches_to_its_last_byte(void **state)
{
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 7);
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_template template;
	unsigned int words;

	/* 20 + 8 + 8 + options + 14 + 24 */
	for (words = 0; words < 30; words++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, GENEVE_PORT);
		wire_geneve(&wire, ETH_P_TEB, words);
		wire_ethernet(&wire, ETH_P_IP);
		wire_packet(&wire, &inner);
		assert_int_equal(make(&wire, ETH_P_IP, &template), 74 + 4 * words <= FALCON_MARKS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template__what_fits_is_of_the_flow),
		cmocka_unit_test(template__of_the_rest_every_bit_may_change),
		cmocka_unit_test(template__no_bit_that_is_compared_may_change),
		cmocka_unit_test(template__every_usual_packet_has_one),
		cmocka_unit_test(template__packets_of_a_flow_differ_in_much),
		cmocka_unit_test(template__none_of_what_has_no_tunnel_or_is_a_fragment),
		cmocka_unit_test(template__none_of_what_has_options_before_its_ports),
		cmocka_unit_test(template__reaches_to_its_last_byte),
	};

	return unit_run(tests);
}
