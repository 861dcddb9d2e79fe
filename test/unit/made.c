// SPDX-License-Identifier: GPL-2.0

#include <string.h>

#include "made.h"
#include "random.h"

u32 made_seed;

unsigned int made_below(unsigned int bound)
{
	return unit_random(&made_seed) % bound;
}

bool made_one_in(unsigned int n)
{
	return !made_below(n);
}

enum place { WHOLE, FIRST, LATER };

/* Write an IP header with random options. Return: the packet's place in its datagram. */
static enum place put_ip(struct wire *wire, const struct falcon_key *flow, u8 protocol)
{
	enum place place = made_one_in(6) ? FIRST + made_below(2) : WHOLE;
	unsigned int offset = place == LATER ? 1 + made_below(0x1fff) : 0;
	bool more = place == FIRST || (place == LATER && made_one_in(2));
	static const u8 kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS };
	unsigned int i, extensions = made_one_in(4) ? 1 + made_below(4) : 0;
	u8 chain[8], last = place == WHOLE ? protocol : IPPROTO_FRAGMENT;

	if (flow->family == 4) {
		wire_ipv4(wire, flow, protocol, made_one_in(4) ? made_below(11) : 0,
			  (more ? MORE : 0) | offset, unit_random(&made_seed));
		return place;
	}
	for (i = 0; i < extensions; i++)
		chain[i] = kinds[made_below(3)];
	chain[extensions] = last;
	wire_ip(wire, flow, chain[0]);
	for (i = 0; i < extensions; i++)
		wire_extension(wire, chain[i + 1], made_below(3));
	if (place != WHOLE)
		wire_fragment(wire, protocol, offset, more, unit_random(&made_seed));
	return place;
}

static u8 put_tunnel_header(struct wire *wire, unsigned int kind, u16 type)
{
	static const u8 gre_flags[] = { 0, 0x80, 0x20, 0xa0 };

	switch (kind) {
	case 0:
		wire_udp(wire, made_one_in(2) ? VXLAN_PORT : 8472);
		wire_vxlan(wire, 0x08);
		return 1;
	case 1:
		wire_udp(wire, GENEVE_PORT);
		if (made_one_in(3)) {
			wire_geneve(wire, type, made_below(64));
			return 0;
		}
		wire_geneve(wire, ETH_P_TEB, made_below(64));
		return 1;
	case 2:
		if (made_one_in(2)) {
			wire_gre(wire, gre_flags[made_below(4)], 0, type);
			return 0;
		}
		wire_gre(wire, gre_flags[made_below(4)], 0, ETH_P_TEB);
		return 1;
	default:
		return 0;
	}
}

static u16 put_tags(struct wire *wire, u16 type)
{
	unsigned int tags = made_one_in(4) ? 1 + made_below(2) : 0;
	u16 before = tags ? ETH_P_8021Q : type;

	for (; tags; tags--)
		wire_tag(wire, tags > 1 ? ETH_P_8021Q : type);
	return before;
}

/* Ethernet with the type of the first tag; the caller writes the tags. */
static void put_frame(struct wire *wire, u16 type)
{
	unsigned int at = wire->len + 2 * ETH_ALEN;
	u16 first;

	wire_ethernet(wire, type);
	first = put_tags(wire, type);
	wire->bytes[at] = first >> 8;
	wire->bytes[at + 1] = first;
}

void made_packet(struct made *made)
{
	static const u8 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };
	static const u8 outers[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_GRE };
	struct falcon_key outer = wire_flow(made_one_in(2) ? 4 : 6, 0, 1 + made_below(200));
	struct falcon_key inner = wire_flow(made_one_in(2) ? 4 : 6, protocols[made_below(4)],
					    1 + made_below(200));
	unsigned int kind = made_below(4);
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
		wire_fill(&made->wire, made_below(40), unit_random(&made_seed));
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

void made_damage(struct wire *wire)
{
	unsigned int times = 1 + made_below(4), at;

	while (times-- && wire->len) {
		at = made_below(wire->len < 120 ? wire->len : 120);
		switch (made_below(4)) {
		case 0:
			wire->bytes[at] = unit_random(&made_seed);
			break;
		case 1:
			wire->bytes[at] ^= 1 << made_below(8);
			break;
		case 2:
			wire->bytes[at] = made_one_in(2) ? 0 : 0xff;
			break;
		case 3:
			wire->len = made_below(wire->len + 1);
			break;
		}
	}
}
