// SPDX-License-Identifier: GPL-2.0
/* packet.c on a packet's own headers. */

#include "expect.h"

#include <asm/byteorder.h>

static const u8 FAMILIES[] = { 4, 6 };

static void parse__protocols_with_ports(void **state)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP,
					IPPROTO_DCCP };
	unsigned int i;

	for (i = 0; i < 2 * sizeof(protocols); i++) {
		struct falcon_key flow = wire_flow(FAMILIES[i % 2], protocols[i / 2], 3);
		struct wire wire = { 0 };

		wire_packet(&wire, &flow);
		assert_int_not_equal(flow.sport, 0);
		wire_expect_flow(&wire, wire_type(&flow), NULL, &flow);
	}
}

static void parse__protocols_without_ports(void **state)
{
	static const u8 protocols[] = { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_ESP, IPPROTO_AH,
					IPPROTO_GRE, IPPROTO_IPIP, 59, 255 };
	unsigned int i;

	for (i = 0; i < 2 * sizeof(protocols); i++) {
		struct falcon_key flow = wire_flow(FAMILIES[i % 2], protocols[i / 2], 4);
		struct falcon_packet packet;
		struct wire wire = { 0 };

		wire_packet(&wire, &flow);
		wire_expect_flow(&wire, wire_type(&flow), NULL, &flow);
		/* The IP header is enough. */
		assert_int_equal(wire_parse(&wire, wire.len - 8, wire_type(&flow), NULL, &packet),
				 FALCON_PACKET_FLOW);
	}
}

static void parse__needs_the_ports_and_no_more(void **state)
{
	struct falcon_key flow = wire_flow(4, IPPROTO_UDP, 5);
	struct falcon_packet packet;
	struct wire wire = { 0 };

	wire_packet(&wire, &flow);
	assert_int_equal(wire_parse(&wire, 23, ETH_P_IP, NULL, &packet), FALCON_PACKET_UNKNOWN);
	assert_int_equal(wire_parse(&wire, 24, ETH_P_IP, NULL, &packet), FALCON_PACKET_FLOW);
}

static void parse__ipv4_options(void **state)
{
	struct falcon_key flow = wire_flow(4, IPPROTO_TCP, 6);
	unsigned int words;

	for (words = 0; words <= 10; words++) {
		struct wire wire = { 0 };

		wire_ipv4(&wire, &flow, IPPROTO_TCP, words, 0, 9);
		wire_ports(&wire, &flow);
		wire_expect_flow(&wire, ETH_P_IP, NULL, &flow);
	}
}

static void parse__wrong_version_or_length(void **state)
{
	struct falcon_key v4 = wire_flow(4, IPPROTO_UDP, 7), v6 = wire_flow(6, IPPROTO_UDP, 7);
	struct wire wire4 = { 0 }, wire6 = { 0 };
	unsigned int i;

	wire_packet(&wire4, &v4);
	wire_packet(&wire6, &v6);
	for (i = 0; i < 16; i++) {
		wire4.bytes[0] = i << 4 | 5;
		wire_expect_kind(&wire4, ETH_P_IP, NULL,
				 i == 4 ? FALCON_PACKET_FLOW : FALCON_PACKET_UNKNOWN);
		wire_expect_kind(&wire4, ETH_P_IPV6, NULL, FALCON_PACKET_UNKNOWN);
		wire6.bytes[0] = i << 4;
		wire_expect_kind(&wire6, ETH_P_IPV6, NULL,
				 i == 6 ? FALCON_PACKET_FLOW : FALCON_PACKET_UNKNOWN);
		wire_expect_kind(&wire6, ETH_P_IP, NULL, FALCON_PACKET_UNKNOWN);
		wire4.bytes[0] = 0x40 | i;
		if (i < 5)
			wire_expect_kind(&wire4, ETH_P_IP, NULL, FALCON_PACKET_UNKNOWN);
	}
	/* Options that exceed the packet. */
	wire4.bytes[0] = 0x4f;
	wire_expect_kind(&wire4, ETH_P_IP, NULL, FALCON_PACKET_UNKNOWN);
}

static void parse__other_ethertypes(void **state)
{
	static const u16 types[] = { 0, ETH_P_ARP, ETH_P_MPLS_UC, ETH_P_PPP_SES, ETH_P_TEB,
				    0xffff };
	struct falcon_key flow = wire_flow(4, IPPROTO_UDP, 8);
	struct wire wire = { 0 };
	unsigned int i;

	wire_packet(&wire, &flow);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		wire_expect_kind(&wire, types[i], NULL, FALCON_PACKET_UNKNOWN);
		wire_expect_kind(&wire, types[i], &wire_tunnels, FALCON_PACKET_UNKNOWN);
	}
}

static void parse__vlan_tags(void **state)
{
	static const u16 tag_types[] = { ETH_P_8021Q, ETH_P_8021AD };
	unsigned int i, tags;

	for (i = 0; i < 4; i++)
		for (tags = 1; tags <= 3; tags++) {
			struct falcon_key flow = wire_flow(FAMILIES[i % 2], IPPROTO_UDP, 9);
			struct wire wire = { 0 };
			unsigned int left;

			for (left = tags; left; left--)
				wire_tag(&wire, left > 1 ? ETH_P_8021Q : wire_type(&flow));
			wire_packet(&wire, &flow);
			if (tags <= 2)
				wire_expect_flow(&wire, tag_types[i / 2], NULL, &flow);
			else
				wire_expect_kind(&wire, tag_types[i / 2], NULL,
						 FALCON_PACKET_UNKNOWN);
		}
}

static void parse__each_extension_header(void **state)
{
	static const u8 kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS };
	struct falcon_key flow = wire_flow(6, IPPROTO_TCP, 10);
	unsigned int i, words;

	for (i = 0; i < sizeof(kinds); i++)
		for (words = 0; words < 20; words++) {
			struct wire wire = { 0 };

			wire_ip(&wire, &flow, kinds[i]);
			wire_extension(&wire, IPPROTO_TCP, words);
			wire_ports(&wire, &flow);
			wire_expect_flow(&wire, ETH_P_IPV6, NULL, &flow);
		}
}

static void parse__chains_of_extension_headers(void **state)
{
	struct falcon_key flow = wire_flow(6, IPPROTO_UDP, 11);
	unsigned int count, left;

	for (count = 1; count <= 10; count++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &flow, IPPROTO_DSTOPTS);
		for (left = count; left; left--)
			wire_extension(&wire, left > 1 ? IPPROTO_DSTOPTS : IPPROTO_UDP, left % 3);
		wire_ports(&wire, &flow);
		if (count < 8)
			wire_expect_flow(&wire, ETH_P_IPV6, NULL, &flow);
		else
			wire_expect_kind(&wire, ETH_P_IPV6, NULL, FALCON_PACKET_UNKNOWN);
	}
}

static void parse__extension_longer_than_the_packet(void **state)
{
	struct falcon_key flow = wire_flow(6, IPPROTO_UDP, 12);
	struct wire wire = { 0 };

	wire_ip(&wire, &flow, IPPROTO_HOPOPTS);
	wire_extension(&wire, IPPROTO_UDP, 0);
	wire_ports(&wire, &flow);
	wire.bytes[41] = 255;
	wire_expect_kind(&wire, ETH_P_IPV6, NULL, FALCON_PACKET_UNKNOWN);
}

static void parse__ipv4_fragments(void **state)
{
	static const struct {
		u16	fragment;
		bool	first, later;
	} rows[] = {
		{ 0, false, false }, { 0x4000, false, false },	/* don't fragment */
		{ MORE, true, false }, { MORE | 1, false, true }, { MORE | 0x1fff, false, true },
		{ 1, false, true }, { 0x1fff, false, true }, { 0x1000, false, true },
	};
	struct falcon_key flow = wire_flow(4, IPPROTO_UDP, 20);
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct falcon_packet packet;
		struct wire wire = { 0 };

		wire_ipv4(&wire, &flow, IPPROTO_UDP, 2, rows[i].fragment, 0xabcd);
		wire_ports(&wire, &flow);
		wire_expect(&wire, ETH_P_IP, NULL,
			    rows[i].later ? FALCON_PACKET_FRAGMENT : FALCON_PACKET_FLOW, &packet);
		assert_int_equal(packet.firsts, rows[i].first);
		if (rows[i].first)
			wire_expect_datagram(&packet.first[0], &flow, 0xabcd);
		if (rows[i].later)
			wire_expect_datagram(&packet.later, &flow, 0xabcd);
		else
			assert_memory_equal(&packet.key, &flow, sizeof(flow));
	}
}

static void parse__ipv6_fragments(void **state)
{
	static const struct {
		unsigned int	offset;
		bool		more, first, later;
	} rows[] = {
		{ 0, false, false, false },	/* an atomic fragment: a datagram of one fragment */
		{ 0, true, true, false }, { 1, true, false, true }, { 1, false, false, true },
		{ 0x1fff, false, false, true }, { 0x1000, true, false, true },
	};
	struct falcon_key flow = wire_flow(6, IPPROTO_UDP, 21);
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct falcon_packet packet;
		struct wire wire = { 0 };

		wire_ip(&wire, &flow, IPPROTO_HOPOPTS);
		wire_extension(&wire, IPPROTO_FRAGMENT, 1);
		wire_fragment(&wire, IPPROTO_UDP, rows[i].offset, rows[i].more, 0x89abcdef);
		wire_ports(&wire, &flow);
		wire_expect(&wire, ETH_P_IPV6, NULL,
			    rows[i].later ? FALCON_PACKET_FRAGMENT : FALCON_PACKET_FLOW, &packet);
		assert_int_equal(packet.firsts, rows[i].first);
		if (rows[i].first)
			wire_expect_datagram(&packet.first[0], &flow, 0x89abcdef);
		if (rows[i].later)
			wire_expect_datagram(&packet.later, &flow, 0x89abcdef);
		else
			assert_memory_equal(&packet.key, &flow, sizeof(flow));
	}
}

static void parse__ipv6_fragments_with_options_are_one_datagram(void **state)
{
	/* Behind the fragment header there are ports in the first fragment only. */
	struct falcon_key flow = wire_flow(6, IPPROTO_UDP, 22);
	struct wire first = { 0 }, later = { 0 };
	struct falcon_packet of_first, of_later;

	wire_ip(&first, &flow, IPPROTO_FRAGMENT);
	wire_fragment(&first, IPPROTO_DSTOPTS, 0, true, 55);
	wire_extension(&first, IPPROTO_UDP, 2);
	wire_ports(&first, &flow);
	wire_expect(&first, ETH_P_IPV6, NULL, FALCON_PACKET_FLOW, &of_first);
	assert_int_equal(of_first.firsts, 1);
	assert_memory_equal(&of_first.key, &flow, sizeof(flow));

	wire_ip(&later, &flow, IPPROTO_FRAGMENT);
	wire_fragment(&later, IPPROTO_DSTOPTS, 100, false, 55);
	wire_fill(&later, 40, 0xff);
	wire_expect(&later, ETH_P_IPV6, NULL, FALCON_PACKET_FRAGMENT, &of_later);
	assert_memory_equal(&of_first.first[0], &of_later.later, sizeof(of_later.later));
}

static void parse__first_and_later_fragment_name_one_datagram(void **state)
{
	struct falcon_key flow = wire_flow(4, IPPROTO_UDP, 23);
	struct wire first = { 0 }, later = { 0 };
	struct falcon_packet of_first, of_later;

	wire_ipv4(&first, &flow, IPPROTO_UDP, 10, MORE, 9);
	wire_ports(&first, &flow);
	wire_expect(&first, ETH_P_IP, NULL, FALCON_PACKET_FLOW, &of_first);
	wire_ipv4(&later, &flow, IPPROTO_UDP, 0, 100, 9);
	wire_expect(&later, ETH_P_IP, NULL, FALCON_PACKET_FRAGMENT, &of_later);
	assert_memory_equal(&of_first.first[0], &of_later.later, sizeof(of_later.later));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__protocols_with_ports),
		cmocka_unit_test(parse__protocols_without_ports),
		cmocka_unit_test(parse__needs_the_ports_and_no_more),
		cmocka_unit_test(parse__ipv4_options),
		cmocka_unit_test(parse__wrong_version_or_length),
		cmocka_unit_test(parse__other_ethertypes),
		cmocka_unit_test(parse__vlan_tags),
		cmocka_unit_test(parse__each_extension_header),
		cmocka_unit_test(parse__chains_of_extension_headers),
		cmocka_unit_test(parse__extension_longer_than_the_packet),
		cmocka_unit_test(parse__ipv4_fragments),
		cmocka_unit_test(parse__ipv6_fragments),
		cmocka_unit_test(parse__ipv6_fragments_with_options_are_one_datagram),
		cmocka_unit_test(parse__first_and_later_fragment_name_one_datagram),
	};

	return unit_run(tests);
}
