// SPDX-License-Identifier: GPL-2.0
/* packet.c looks into the tunnels of its table, and into no others. */

#include "expect.h"
#include "pair.h"

#include <asm/byteorder.h>

static void parse__without_tunnels_sees_the_outer_flow(void **state)
{
	unsigned int pair;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
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

static void parse__only_tunnels_asked_for(void **state)
{
	unsigned int pair;
	static const struct falcon_tunnels none;

	for (pair = 0; pair < PAIRS; pair++) {
		struct falcon_key outer = pair_outer(pair, IPPROTO_UDP), inner = pair_inner(pair);
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
			struct falcon_key outer = pair_outer(pair, IPPROTO_UDP);
			struct falcon_key inner = pair_inner(pair);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__without_tunnels_sees_the_outer_flow),
		cmocka_unit_test(parse__only_tunnels_asked_for),
		cmocka_unit_test(parse__ports_of_no_tunnel),
		cmocka_unit_test(parse__tunnel_port_of_tcp_is_none),
		cmocka_unit_test(parse__full_table_of_ports),
	};

	return unit_run(tests);
}
