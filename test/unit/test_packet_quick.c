// SPDX-License-Identifier: GPL-2.0
/* falcon_packet_quick(): the shapes that it knows, and those that it leaves to the parser. */

#include "expect.h"

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
		cmocka_unit_test(quick__knows_the_usual_shape),
		cmocka_unit_test(quick__knows_what_is_in_no_tunnel),
		cmocka_unit_test(quick__needs_the_ports_and_no_more),
		cmocka_unit_test(quick__leaves_every_other_shape_to_the_parser),
		cmocka_unit_test(quick__only_tunnels_asked_for),
	};

	return unit_run(tests);
}
