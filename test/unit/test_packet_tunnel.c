// SPDX-License-Identifier: GPL-2.0
/* packet.c behind the header of each kind of tunnel. */

#include "expect.h"
#include "pair.h"

static void parse__vxlan(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, wire_type(&inner));
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, wire_type(&outer), &wire_tunnels, &inner);
		/* The assumption of falcon's kernel side. The last 4 bytes are behind the ports. */
		assert_true(wire.len - 4 <= FALCON_PACKET_USUAL);
	}
}

/* Set the DSCP of the IP header at @at. */
static void set_dscp(struct wire *wire, unsigned int at, u8 dscp)
{
	if (wire->bytes[at] >> 4 == 4) {
		wire->bytes[at + 1] = dscp << 2 | 1;
	} else {
		wire->bytes[at] = 0x60 | dscp >> 2;
		wire->bytes[at + 1] = dscp << 6 | 0x1f;
	}
}

static void parse__tells_network_and_dscp(void **state)
{
	static const struct {
		u8	encapsulation, gre;
		u32	vni;
	} cases[] = {
		{ IPPROTO_UDP, 0, 0xabcdef },
		{ IPPROTO_GRE, 0x20, 0xabcdef }, { IPPROTO_GRE, 0xa0, 0xabcdef },
		{ IPPROTO_GRE, 0x80, FALCON_NO_VNI }, { IPPROTO_GRE, 0, FALCON_NO_VNI },
		{ IPPROTO_IPIP, 0, FALCON_NO_VNI },
	};
	unsigned int i, pair, at, inside;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (pair = 0; pair < PAIRS; pair++) {
			struct falcon_key outer = pair_outer(pair, cases[i].encapsulation);
			struct falcon_key inner = pair_inner(pair);
			struct falcon_packet packet;
			struct wire wire = { 0 };

			outer.protocol = cases[i].encapsulation;
			if (outer.protocol == IPPROTO_IPIP && inner.family == 6)
				outer.protocol = IPPROTO_IPV6;
			wire_ip(&wire, &outer, outer.protocol);
			if (outer.protocol == IPPROTO_UDP) {
				wire_udp(&wire, VXLAN_PORT);
				wire_vxlan(&wire, 0x08);
				memcpy(wire.bytes + wire.len - 4, "\xab\xcd\xef", 3);
				wire_ethernet(&wire, wire_type(&inner));
			} else if (outer.protocol == IPPROTO_GRE) {
				at = wire.len;
				wire_gre(&wire, cases[i].gre, 0, wire_type(&inner));
				/* The key follows the checksum. */
				if (cases[i].gre & 0x20)
					memcpy(wire.bytes + at + 4 + (cases[i].gre & 0x80 ? 4 : 0),
					       "\x99\xab\xcd\xef", 4);
			}
			inside = wire.len;
			wire_packet(&wire, &inner);
			set_dscp(&wire, 0, 10);
			set_dscp(&wire, inside, 46);
			wire_expect(&wire, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FLOW,
				    &packet);
			assert_int_equal(packet.vni, cases[i].vni);
			assert_int_equal(packet.outer_dscp, 10);
			assert_int_equal(packet.dscp, 46);
			/* The same packet is the host's own if tunnels are not known. */
			wire_expect(&wire, wire_type(&outer), NULL, FALCON_PACKET_FLOW, &packet);
			assert_int_equal(packet.vni, FALCON_NO_VNI);
			assert_int_equal(packet.outer_dscp, FALCON_NO_DSCP);
			assert_int_equal(packet.dscp, 10);
		}
}

static void parse__vxlan_with_tags_outside_and_inside(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
		struct wire wire = { 0 };

		wire_tag(&wire, ETH_P_8021Q);
		wire_tag(&wire, wire_type(&outer));
		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, ETH_P_8021AD);
		wire_tag(&wire, ETH_P_8021Q);
		wire_tag(&wire, wire_type(&inner));
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, ETH_P_8021AD, &wire_tunnels, &inner);
	}
}

static void parse__vxlan_flags(void **state)
{
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(4, IPPROTO_TCP, 2);
	unsigned int flags;

	for (flags = 0; flags < 256; flags++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, 8472);
		wire_vxlan(&wire, flags);
		wire_ethernet(&wire, ETH_P_IP);
		wire_packet(&wire, &inner);
		/* Without a VNI it is no tunnel; GPE's next header need not be Ethernet. */
		if (flags & 0x08 && !(flags & 0x04))
			wire_expect_flow(&wire, ETH_P_IP, &wire_tunnels, &inner);
		else
			wire_expect_kind(&wire, ETH_P_IP, &wire_tunnels, FALCON_PACKET_PLAIN);
	}
}

static void parse__geneve(void **state)
{
	unsigned int words, pair;

	for (words = 0; words < 64; words++)
		for (pair = 0; pair < PAIRS; pair++) {
			struct falcon_key outer = pair_outer(pair, IPPROTO_UDP);
			struct falcon_key inner = pair_inner(pair);
			struct wire ethernet = { 0 }, bare = { 0 };

			wire_ip(&ethernet, &outer, IPPROTO_UDP);
			wire_udp(&ethernet, GENEVE_PORT);
			bare = ethernet;
			wire_geneve(&ethernet, ETH_P_TEB, words);
			wire_ethernet(&ethernet, wire_type(&inner));
			wire_packet(&ethernet, &inner);
			wire_expect_flow(&ethernet, wire_type(&outer), &wire_tunnels, &inner);
			wire_geneve(&bare, wire_type(&inner), words);
			wire_packet(&bare, &inner);
			wire_expect_flow(&bare, wire_type(&outer), &wire_tunnels, &inner);
		}
}

static void parse__longest_tunnel_fits_the_copy(void **state)
{
	struct falcon_key outer = wire_flow(6, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(6, IPPROTO_UDP, 2);
	struct falcon_packet packet;
	struct wire wire = { 0 };

	wire_tag(&wire, ETH_P_8021Q);
	wire_tag(&wire, ETH_P_IPV6);
	wire_ip(&wire, &outer, IPPROTO_UDP);
	wire_udp(&wire, GENEVE_PORT);
	wire_geneve(&wire, ETH_P_TEB, 63);
	wire_ethernet(&wire, ETH_P_8021Q);
	wire_tag(&wire, ETH_P_8021Q);
	wire_tag(&wire, ETH_P_IPV6);
	wire_packet(&wire, &inner);
	assert_int_equal(wire_parse(&wire,
				    wire.len < FALCON_PACKET_BYTES ? wire.len : FALCON_PACKET_BYTES,
				    ETH_P_8021AD, &wire_tunnels, &packet), FALCON_PACKET_FLOW);
	assert_memory_equal(&packet.key, &inner, sizeof(inner));
}

static void parse__geneve_versions(void **state)
{
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(6, IPPROTO_TCP, 2);
	unsigned int version;

	for (version = 0; version < 4; version++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, GENEVE_PORT);
		wire_geneve(&wire, ETH_P_IPV6, 0);
		wire.bytes[28] |= version << 6;
		wire_packet(&wire, &inner);
		if (version == 0)
			wire_expect_flow(&wire, ETH_P_IP, &wire_tunnels, &inner);
		else
			wire_expect_kind(&wire, ETH_P_IP, &wire_tunnels, FALCON_PACKET_PLAIN);
	}
}

static void parse__gre_and_gretap_with_each_field(void **state)
{
	unsigned int fields, pair;

	for (fields = 0; fields < 4; fields++)
		for (pair = 0; pair < PAIRS; pair++) {
			struct falcon_key outer = pair_outer(pair, IPPROTO_GRE);
			struct falcon_key inner = pair_inner(pair);
			u8 flags = (fields & 1 ? 0x80 : 0) | (fields & 2 ? 0x20 : 0);
			struct wire gre = { 0 }, gretap = { 0 };

			wire_ip(&gre, &outer, IPPROTO_GRE);
			gretap = gre;
			wire_gre(&gre, flags, 0, wire_type(&inner));
			wire_packet(&gre, &inner);
			wire_expect_flow(&gre, wire_type(&outer), &wire_tunnels, &inner);
			wire_gre(&gretap, flags, 0, ETH_P_TEB);
			wire_ethernet(&gretap, ETH_P_8021Q);
			wire_tag(&gretap, wire_type(&inner));
			wire_packet(&gretap, &inner);
			wire_expect_flow(&gretap, wire_type(&outer), &wire_tunnels, &inner);
		}
}

/* A tunnel may check sequence numbers (0x10) across all flows that it carries. */
static void parse__gre_with_numbers_or_flags_that_nobody_sends(void **state)
{
	static const u8 flags[] = { 0x40, 0x08, 0x04, 0x02, 0x01, 0xc0, 0xff,
				    0x10, 0x30, 0x90, 0xb0 };
	struct falcon_key outer = wire_flow(4, IPPROTO_GRE, 1);
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 2);
	unsigned int i;

	for (i = 0; i < sizeof(flags); i++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_GRE);
		wire_gre(&wire, flags[i], 0, ETH_P_IP);
		wire_packet(&wire, &inner);
		wire_expect_kind(&wire, ETH_P_IP, &wire_tunnels, FALCON_PACKET_PLAIN);
	}
}

static void parse__gre_versions(void **state)
{
	struct falcon_key outer = wire_flow(6, IPPROTO_GRE, 1);
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 2);
	unsigned int version;

	for (version = 0; version < 8; version++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_GRE);
		wire_gre(&wire, 0x20, version, ETH_P_IP);
		wire_packet(&wire, &inner);
		if (version == 0)
			wire_expect_flow(&wire, ETH_P_IPV6, &wire_tunnels, &inner);
		else
			wire_expect_kind(&wire, ETH_P_IPV6, &wire_tunnels, FALCON_PACKET_PLAIN);
	}
}

static void parse__gre_reserved_bits_do_not_matter(void **state)
{
	unsigned int bit;

	/* Like the kernel's gre_parse_header(). */
	for (bit = 3; bit < 8; bit++) {
		struct falcon_key outer = wire_flow(4, IPPROTO_GRE, 1);
		struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 2);
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_GRE);
		wire_gre(&wire, 0x20, 1 << bit, ETH_P_IP);
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, ETH_P_IP, &wire_tunnels, &inner);
	}
}

static void parse__ip_in_ip(void **state)
{
	unsigned int pair;

	/* IPIP, SIT, 4in6 and 6in6. */
	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = pair_outer(pair, 0), inner = pair_inner(pair);
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, inner.family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6);
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, wire_type(&outer), &wire_tunnels, &inner);
	}
}

static void parse__ip_in_ipv6_with_encapsulation_limit(void **state)
{
	/* A header that ip6_tunnel adds by default. */
	static const u8 families[] = { 4, 6 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct falcon_key outer = wire_flow(6, 0, 1);
		struct falcon_key inner = wire_flow(families[i], IPPROTO_TCP, 2);
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_DSTOPTS);
		wire_extension(&wire, inner.family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6, 0);
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, ETH_P_IPV6, &wire_tunnels, &inner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__vxlan),
		cmocka_unit_test(parse__tells_network_and_dscp),
		cmocka_unit_test(parse__vxlan_with_tags_outside_and_inside),
		cmocka_unit_test(parse__vxlan_flags),
		cmocka_unit_test(parse__geneve),
		cmocka_unit_test(parse__longest_tunnel_fits_the_copy),
		cmocka_unit_test(parse__geneve_versions),
		cmocka_unit_test(parse__gre_and_gretap_with_each_field),
		cmocka_unit_test(parse__gre_with_numbers_or_flags_that_nobody_sends),
		cmocka_unit_test(parse__gre_versions),
		cmocka_unit_test(parse__gre_reserved_bits_do_not_matter),
		cmocka_unit_test(parse__ip_in_ip),
		cmocka_unit_test(parse__ip_in_ipv6_with_encapsulation_limit),
	};

	return unit_run(tests);
}
