// SPDX-License-Identifier: GPL-2.0
/* packet.c on what a tunnel carries, and on fragments outside and inside of it. */

#include "expect.h"
#include "pair.h"

#include <asm/byteorder.h>

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
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
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
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
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
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
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
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__what_is_not_ip_inside_is_unknown),
		cmocka_unit_test(parse__looks_into_one_tunnel_only),
		cmocka_unit_test(parse__same_key_at_the_nic_and_behind_the_tunnel),
		cmocka_unit_test(parse__outer_fragments),
		cmocka_unit_test(parse__inner_fragments),
		cmocka_unit_test(parse__fragments_outside_and_inside),
	};

	return unit_run(tests);
}
