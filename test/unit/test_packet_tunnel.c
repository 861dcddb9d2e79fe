// SPDX-License-Identifier: GPL-2.0
/* packet.c through tunnels. */

#include "expect.h"

#include <asm/byteorder.h>

static const u8 FAMILIES[] = { 4, 6 };

/* Outer and inner family of each pair. */
#define PAIRS 4

static struct falcon_key outer_of(unsigned int pair, u8 protocol)
{
	return wire_flow(FAMILIES[pair / 2], protocol, 1);
}

static struct falcon_key inner_of(unsigned int pair)
{
	return wire_flow(FAMILIES[pair % 2], IPPROTO_UDP, 2);
}

static void parse__without_tunnels_sees_the_outer_flow(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
		struct wire wire = { 0 };

		outer.sport = cpu_to_be16(50000);
		outer.dport = cpu_to_be16(VXLAN_PORT);
		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, wire_type(&inner));
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, wire_type(&outer), NULL, &outer);
	}
}

static void parse__vxlan(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
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
			struct falcon_key outer = outer_of(pair, cases[i].encapsulation);
			struct falcon_key inner = inner_of(pair);
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
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
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
			struct falcon_key outer = outer_of(pair, IPPROTO_UDP);
			struct falcon_key inner = inner_of(pair);
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
			struct falcon_key outer = outer_of(pair, IPPROTO_GRE);
			struct falcon_key inner = inner_of(pair);
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
		struct falcon_key outer = outer_of(pair, 0), inner = inner_of(pair);
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, inner.family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6);
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, wire_type(&outer), &wire_tunnels, &inner);
	}
}

static void parse__ip_in_ipv6_with_encapsulation_limit(void **state)
{
	/* A header that ip6_tunnel adds by default. */
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct falcon_key outer = wire_flow(6, 0, 1);
		struct falcon_key inner = wire_flow(FAMILIES[i], IPPROTO_TCP, 2);
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_DSTOPTS);
		wire_extension(&wire, inner.family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6, 0);
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, ETH_P_IPV6, &wire_tunnels, &inner);
	}
}

static void parse__only_tunnels_asked_for(void **state)
{
	unsigned int pair;
	static const struct falcon_tunnels none;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
		struct wire wire = { 0 }, ip = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, wire_type(&inner));
		wire_packet(&wire, &inner);
		wire_expect_kind(&wire, wire_type(&outer), &none, FALCON_PACKET_PLAIN);

		wire_ip(&ip, &outer, inner.family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6);
		wire = ip;
		wire_packet(&ip, &inner);
		wire_expect_kind(&ip, wire_type(&outer), &none, FALCON_PACKET_PLAIN);

		wire.len = 0;
		wire_ip(&wire, &outer, IPPROTO_GRE);
		wire_gre(&wire, 0, 0, wire_type(&inner));
		wire_packet(&wire, &inner);
		wire_expect_kind(&wire, wire_type(&outer), &none, FALCON_PACKET_PLAIN);
	}
}

static void parse__ports_of_no_tunnel(void **state)
{
	static const u16 ports[] = { 0, 53, VXLAN_PORT - 1, VXLAN_PORT + 1, 0xb512, 65535 };
	unsigned int i, pair;

	/* 0xb512 is 4789 with its bytes swapped */
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		for (pair = 0; pair < PAIRS; pair++) {
			struct falcon_key outer = outer_of(pair, IPPROTO_UDP);
			struct falcon_key inner = inner_of(pair);
			struct wire wire = { 0 };

			wire_ip(&wire, &outer, IPPROTO_UDP);
			wire_udp(&wire, ports[i]);
			wire_vxlan(&wire, 0x08);
			wire_ethernet(&wire, wire_type(&inner));
			wire_packet(&wire, &inner);
			wire_expect_kind(&wire, wire_type(&outer), &wire_tunnels,
					 FALCON_PACKET_PLAIN);
		}
}

static void parse__tunnel_port_of_tcp_is_none(void **state)
{
	struct falcon_key flow = wire_flow(4, IPPROTO_TCP, 1);
	struct wire wire = { 0 };

	flow.dport = cpu_to_be16(VXLAN_PORT);
	wire_packet(&wire, &flow);
	wire_fill(&wire, 200, 0x08);
	wire_expect_kind(&wire, ETH_P_IP, &wire_tunnels, FALCON_PACKET_PLAIN);
}

static void parse__full_table_of_ports(void **state)
{
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 2);
	struct falcon_tunnels tunnels = { .ports = FALCON_TUNNEL_PORTS };
	unsigned int i;

	for (i = 0; i < FALCON_TUNNEL_PORTS; i++) {
		tunnels.port[i].port = cpu_to_be16(6000 + i);
		tunnels.port[i].kind = i % 2 ? FALCON_ENCAP_GENEVE : FALCON_ENCAP_VXLAN;
	}
	for (i = 0; i < FALCON_TUNNEL_PORTS; i++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, 6000 + i);
		if (i % 2)
			wire_geneve(&wire, ETH_P_TEB, 1);
		else
			wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, ETH_P_IP);
		wire_packet(&wire, &inner);
		wire_expect_flow(&wire, ETH_P_IP, &tunnels, &inner);
	}
	/* Entries beyond the count are ignored. */
	tunnels.ports = 1;
	for (i = 0; i < FALCON_TUNNEL_PORTS; i++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, 6000 + i);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, ETH_P_IP);
		wire_packet(&wire, &inner);
		wire_expect_kind(&wire, ETH_P_IP, &tunnels,
				 i ? FALCON_PACKET_PLAIN : FALCON_PACKET_FLOW);
	}
}

static void parse__what_is_not_ip_inside_is_unknown(void **state)
{
	static const u16 types[] = { ETH_P_ARP, ETH_P_LLDP, 100, ETH_P_TEB };
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct wire wire = { 0 };

		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, types[i]);
		wire_fill(&wire, 100, 0x45);
		wire_expect_kind(&wire, ETH_P_IP, &wire_tunnels, FALCON_PACKET_UNKNOWN);
	}
}

static void parse__looks_into_one_tunnel_only(void **state)
{
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_key middle = wire_flow(4, IPPROTO_UDP, 2);
	struct falcon_key inner = wire_flow(4, IPPROTO_UDP, 3);
	struct wire wire = { 0 };

	middle.sport = cpu_to_be16(50000);
	middle.dport = cpu_to_be16(VXLAN_PORT);
	wire_ip(&wire, &outer, IPPROTO_UDP);
	wire_udp(&wire, VXLAN_PORT);
	wire_vxlan(&wire, 0x08);
	wire_ethernet(&wire, ETH_P_IP);
	wire_ip(&wire, &middle, IPPROTO_UDP);
	wire_udp(&wire, VXLAN_PORT);
	wire_vxlan(&wire, 0x08);
	wire_ethernet(&wire, ETH_P_IP);
	wire_packet(&wire, &inner);
	wire_expect_flow(&wire, ETH_P_IP, &wire_tunnels, &middle);
}

static void parse__same_key_at_the_nic_and_behind_the_tunnel(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
		struct falcon_packet nic, tunnel;
		struct wire wire = { 0 }, bare = { 0 };

		wire_packet(&bare, &inner);
		wire_ip(&wire, &outer, IPPROTO_UDP);
		wire_udp(&wire, VXLAN_PORT);
		wire_vxlan(&wire, 0x08);
		wire_ethernet(&wire, wire_type(&inner));
		wire_packet(&wire, &inner);
		wire_expect(&wire, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FLOW, &nic);
		wire_expect(&bare, wire_type(&inner), NULL, FALCON_PACKET_FLOW, &tunnel);
		assert_memory_equal(&nic.key, &tunnel.key, sizeof(nic.key));
	}
}

static void put_fragment(struct wire *wire, const struct falcon_key *flow, u8 protocol,
			 unsigned int offset, bool more, u16 id)
{
	if (flow->family == 4) {
		wire_ipv4(wire, flow, protocol, 0, (more ? MORE : 0) | offset, id);
		return;
	}
	wire_ip(wire, flow, IPPROTO_FRAGMENT);
	wire_fragment(wire, protocol, offset, more, id);
}

static void parse__outer_fragments(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
		struct wire first = { 0 }, later = { 0 };
		struct falcon_packet packet;

		put_fragment(&first, &outer, IPPROTO_UDP, 0, true, 77);
		wire_udp(&first, VXLAN_PORT);
		wire_vxlan(&first, 0x08);
		wire_ethernet(&first, wire_type(&inner));
		wire_packet(&first, &inner);
		wire_expect(&first, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FLOW, &packet);
		assert_memory_equal(&packet.key, &inner, sizeof(inner));
		assert_int_equal(packet.firsts, 1);
		wire_expect_datagram(&packet.first[0], &outer, 77);

		put_fragment(&later, &outer, IPPROTO_UDP, 90, false, 77);
		wire_fill(&later, 100, 0x45);
		wire_expect(&later, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FRAGMENT,
			    &packet);
		assert_int_equal(packet.firsts, 0);
		wire_expect_datagram(&packet.later, &outer, 77);
	}
}

static void parse__inner_fragments(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
		struct wire first = { 0 }, later = { 0 };
		struct falcon_packet packet;

		wire_ip(&first, &outer, IPPROTO_UDP);
		wire_udp(&first, VXLAN_PORT);
		wire_vxlan(&first, 0x08);
		wire_ethernet(&first, wire_type(&inner));
		later = first;
		put_fragment(&first, &inner, IPPROTO_UDP, 0, true, 78);
		wire_ports(&first, &inner);
		wire_expect(&first, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FLOW, &packet);
		assert_memory_equal(&packet.key, &inner, sizeof(inner));
		assert_int_equal(packet.firsts, 1);
		wire_expect_datagram(&packet.first[0], &inner, 78);

		put_fragment(&later, &inner, IPPROTO_UDP, 5, true, 78);
		wire_expect(&later, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FRAGMENT,
			    &packet);
		assert_int_equal(packet.firsts, 0);
		wire_expect_datagram(&packet.later, &inner, 78);
	}
}

static void parse__fragments_outside_and_inside(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = outer_of(pair, IPPROTO_UDP), inner = inner_of(pair);
		struct wire first = { 0 }, later = { 0 };
		struct falcon_packet packet;

		put_fragment(&first, &outer, IPPROTO_UDP, 0, true, 79);
		wire_udp(&first, VXLAN_PORT);
		wire_vxlan(&first, 0x08);
		wire_ethernet(&first, wire_type(&inner));
		later = first;
		put_fragment(&first, &inner, IPPROTO_UDP, 0, true, 80);
		wire_ports(&first, &inner);
		wire_expect(&first, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FLOW, &packet);
		assert_int_equal(packet.firsts, 2);
		wire_expect_datagram(&packet.first[0], &outer, 79);
		wire_expect_datagram(&packet.first[1], &inner, 80);

		/*
		 * The outer datagram's first fragment contains a later fragment of the inner one.
		 */
		put_fragment(&later, &inner, IPPROTO_UDP, 185, false, 80);
		wire_expect(&later, wire_type(&outer), &wire_tunnels, FALCON_PACKET_FRAGMENT,
			    &packet);
		assert_int_equal(packet.firsts, 1);
		wire_expect_datagram(&packet.first[0], &outer, 79);
		wire_expect_datagram(&packet.later, &inner, 80);
	}
}

/* The usual shape except for these arguments; a fragment offset is in units of 8 bytes. */
struct shape {
	u8	outer_protocol, inner_protocol, inner_family, flags;
	u16	port, outer_options, inner_options, outer_fragment, inner_fragment;
	bool	geneve, tag;
};

static const struct shape USUAL = {
	.outer_protocol	= IPPROTO_UDP,
	.inner_protocol	= IPPROTO_UDP,
	.inner_family	= 4,
	.flags		= 0x08,
	.port		= VXLAN_PORT,
};

static void expect_quick(const struct shape *shape, enum falcon_packet_kind kind)
{
	struct falcon_key outer = wire_flow(4, 0, 1);
	struct falcon_key inner = wire_flow(shape->inner_family, shape->inner_protocol, 2);
	struct wire wire = { 0 };

	wire_ipv4(&wire, &outer, shape->outer_protocol, shape->outer_options,
		  shape->outer_fragment, 7);
	wire_udp(&wire, shape->port);
	if (shape->geneve)
		wire_geneve(&wire, ETH_P_TEB, 0);
	else
		wire_vxlan(&wire, shape->flags);
	wire_ethernet(&wire, shape->tag ? ETH_P_8021Q : wire_type(&inner));
	if (shape->tag)
		wire_tag(&wire, wire_type(&inner));
	if (shape->inner_family == 4)
		wire_ipv4(&wire, &inner, shape->inner_protocol, shape->inner_options,
			  shape->inner_fragment, 8);
	else
		wire_ip(&wire, &inner, shape->inner_protocol);
	wire_ports(&wire, &inner);
	wire_expect_quick(&wire, &wire_tunnels, kind);
}

static void quick__knows_the_usual_shape(void **state)
{
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	static const u16 ports[] = { VXLAN_PORT, 8472 };
	struct shape shape = USUAL;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		shape.inner_protocol = protocols[i / 2];
		shape.port = ports[i % 2];
		expect_quick(&shape, FALCON_PACKET_FLOW);
	}
	/* "Don't fragment" does not make a fragment, and the field's other flags do not matter. */
	shape.outer_fragment = 0x4000;
	shape.inner_fragment = 0x4000;
	shape.flags = 0xff & ~0x04;
	expect_quick(&shape, FALCON_PACKET_FLOW);
}

static void quick__knows_what_is_in_no_tunnel(void **state)
{
	struct shape shape = USUAL;

	shape.port = 53;
	expect_quick(&shape, FALCON_PACKET_PLAIN);
	shape = USUAL;
	shape.outer_protocol = IPPROTO_TCP;
	expect_quick(&shape, FALCON_PACKET_PLAIN);
}

static void quick__needs_the_ports_and_no_more(void **state)
{
	struct falcon_key outer = wire_flow(4, 0, 1), inner = wire_flow(4, IPPROTO_UDP, 2);
	struct wire wire = { 0 };
	unsigned int len;

	wire_ip(&wire, &outer, IPPROTO_UDP);
	wire_udp(&wire, VXLAN_PORT);
	wire_vxlan(&wire, 0x08);
	wire_ethernet(&wire, ETH_P_IP);
	wire_packet(&wire, &inner);
	/* wire_ports() writes 4 bytes behind them. */
	for (len = 0; len <= wire.len; len++)
		assert_int_equal(wire_quick(&wire, len, &wire_tunnels),
				 len < wire.len - 4 ? FALCON_PACKET_UNKNOWN : FALCON_PACKET_FLOW);
}

static void quick__leaves_every_other_shape_to_the_parser(void **state)
{
	static const u16 fragments[] = { MORE, 1, MORE | 1, 0x1fff };
	static const u8 flags[] = { 0, 0x04, 0x0c, 0xff, 0xf7 };
	static const u8 protocols[] = { IPPROTO_SCTP, IPPROTO_ICMP, IPPROTO_UDPLITE, IPPROTO_IPIP };
	struct shape shape;
	unsigned int i;

	for (i = 1; i <= 10; i++) {
		shape = USUAL;
		shape.outer_options = i;
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
		shape = USUAL;
		shape.inner_options = i;
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
	}
	for (i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++) {
		shape = USUAL;
		shape.outer_fragment = fragments[i];
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
		shape.port = 53;
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
		shape = USUAL;
		shape.inner_fragment = fragments[i];
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
	}
	for (i = 0; i < sizeof(flags); i++) {
		shape = USUAL;
		shape.flags = flags[i];
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
	}
	for (i = 0; i < sizeof(protocols); i++) {
		shape = USUAL;
		shape.inner_protocol = protocols[i];
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
		shape = USUAL;
		shape.outer_protocol = protocols[i];
		expect_quick(&shape, FALCON_PACKET_UNKNOWN);
	}
	shape = USUAL;
	shape.inner_family = 6;
	expect_quick(&shape, FALCON_PACKET_UNKNOWN);
	shape = USUAL;
	shape.tag = true;
	expect_quick(&shape, FALCON_PACKET_UNKNOWN);
	shape = USUAL;
	shape.geneve = true;
	shape.port = GENEVE_PORT;
	expect_quick(&shape, FALCON_PACKET_UNKNOWN);
}

static void quick__only_tunnels_asked_for(void **state)
{
	static const struct falcon_tunnels none = {
		.kind = { [FALCON_ENCAP_GRE] = true, [FALCON_ENCAP_IP] = true }
	};
	struct falcon_key outer = wire_flow(4, 0, 1), inner = wire_flow(4, IPPROTO_UDP, 2);
	struct wire wire = { 0 };

	wire_ip(&wire, &outer, IPPROTO_UDP);
	wire_udp(&wire, VXLAN_PORT);
	wire_vxlan(&wire, 0x08);
	wire_ethernet(&wire, ETH_P_IP);
	wire_packet(&wire, &inner);
	wire_expect_quick(&wire, &none, FALCON_PACKET_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__without_tunnels_sees_the_outer_flow),
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
		cmocka_unit_test(parse__only_tunnels_asked_for),
		cmocka_unit_test(parse__ports_of_no_tunnel),
		cmocka_unit_test(parse__tunnel_port_of_tcp_is_none),
		cmocka_unit_test(parse__full_table_of_ports),
		cmocka_unit_test(parse__what_is_not_ip_inside_is_unknown),
		cmocka_unit_test(parse__looks_into_one_tunnel_only),
		cmocka_unit_test(parse__same_key_at_the_nic_and_behind_the_tunnel),
		cmocka_unit_test(parse__outer_fragments),
		cmocka_unit_test(parse__inner_fragments),
		cmocka_unit_test(parse__fragments_outside_and_inside),
		cmocka_unit_test(quick__knows_the_usual_shape),
		cmocka_unit_test(quick__knows_what_is_in_no_tunnel),
		cmocka_unit_test(quick__needs_the_ports_and_no_more),
		cmocka_unit_test(quick__leaves_every_other_shape_to_the_parser),
		cmocka_unit_test(quick__only_tunnels_asked_for),
	};

	return unit_run(tests);
}
