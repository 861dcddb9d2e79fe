// SPDX-License-Identifier: GPL-2.0

#include <stdlib.h>
#include <string.h>

#include "wire.h"

#include <linux/types.h>
#include <asm/byteorder.h>

const struct falcon_tunnels wire_tunnels = {
	.ports		= 3,
	.port		= {
		{ .port = cpu_to_be16(8472), .kind = FALCON_ENCAP_VXLAN },
		{ .port = cpu_to_be16(VXLAN_PORT), .kind = FALCON_ENCAP_VXLAN },
		{ .port = cpu_to_be16(GENEVE_PORT), .kind = FALCON_ENCAP_GENEVE },
	},
	.kind		= { [FALCON_ENCAP_GRE] = true, [FALCON_ENCAP_IP] = true },
};

bool wire_has_ports(u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

struct falcon_key wire_flow(u8 family, u8 protocol, u8 number)
{
	struct falcon_key flow = { .family = family, .protocol = protocol };
	u8 *saddr = (u8 *)flow.saddr, *daddr = (u8 *)flow.daddr;
	unsigned int i;

	for (i = 0; i < (family == 4 ? 4 : 16); i++) {
		saddr[i] = 0x20 + i;
		daddr[i] = 0xb0 + i;
	}
	saddr[i - 1] = number;
	daddr[i - 2] = number;
	if (wire_has_ports(protocol)) {
		flow.sport = cpu_to_be16(0x1234 + number);
		flow.dport = cpu_to_be16(0xfe00 + number);
	}
	return flow;
}

void wire_fill(struct wire *wire, unsigned int bytes, u8 value)
{
	if (wire->len + bytes > sizeof(wire->bytes))
		abort();
	memset(wire->bytes + wire->len, value, bytes);
	wire->len += bytes;
}

static void put(struct wire *wire, const void *data, unsigned int bytes)
{
	wire_fill(wire, bytes, 0);
	memcpy(wire->bytes + wire->len - bytes, data, bytes);
}

void wire_u8(struct wire *wire, u8 value)
{
	wire_fill(wire, 1, value);
}

void wire_u16(struct wire *wire, u16 value)
{
	wire_u8(wire, value >> 8);
	wire_u8(wire, value);
}

void wire_u32(struct wire *wire, u32 value)
{
	wire_u16(wire, value >> 16);
	wire_u16(wire, value);
}

u16 wire_type(const struct falcon_key *flow)
{
	return flow->family == 4 ? ETH_P_IP : ETH_P_IPV6;
}

void wire_ethernet(struct wire *wire, u16 type)
{
	wire_fill(wire, 6, 0x02);
	wire_fill(wire, 6, 0x06);
	wire_u16(wire, type);
}

void wire_tag(struct wire *wire, u16 type)
{
	wire_u16(wire, 100);
	wire_u16(wire, type);
}

void wire_ipv4(struct wire *wire, const struct falcon_key *flow, u8 protocol,
	       unsigned int option_words, u16 fragment, u16 id)
{
	wire_u8(wire, 0x40 | (5 + option_words));
	wire_u8(wire, 0);
	wire_u16(wire, 1000);
	wire_u16(wire, id);
	wire_u16(wire, fragment);
	wire_u8(wire, 64);
	wire_u8(wire, protocol);
	wire_u16(wire, 0xffff);
	put(wire, flow->saddr, 4);
	put(wire, flow->daddr, 4);
	wire_fill(wire, option_words * 4, 1);
}

static void put_ipv6(struct wire *wire, const struct falcon_key *flow, u8 next)
{
	wire_u32(wire, 0x60012345);
	wire_u16(wire, 1000);
	wire_u8(wire, next);
	wire_u8(wire, 64);
	put(wire, flow->saddr, 16);
	put(wire, flow->daddr, 16);
}

void wire_ip(struct wire *wire, const struct falcon_key *flow, u8 protocol)
{
	if (flow->family == 4)
		wire_ipv4(wire, flow, protocol, 0, 0, 7);
	else
		put_ipv6(wire, flow, protocol);
}

void wire_extension(struct wire *wire, u8 next, unsigned int more_words)
{
	wire_u8(wire, next);
	wire_u8(wire, more_words);
	wire_fill(wire, 6 + more_words * 8, 0);
}

void wire_fragment(struct wire *wire, u8 next, unsigned int offset, bool more, u32 id)
{
	wire_u8(wire, next);
	wire_u8(wire, 0);
	wire_u16(wire, offset << 3 | more);
	wire_u32(wire, id);
}

void wire_ports(struct wire *wire, const struct falcon_key *flow)
{
	put(wire, &flow->sport, 2);
	put(wire, &flow->dport, 2);
	wire_u32(wire, 0x01020304);
}

void wire_packet(struct wire *wire, const struct falcon_key *flow)
{
	wire_ip(wire, flow, flow->protocol);
	wire_ports(wire, flow);
}

void wire_udp(struct wire *wire, u16 port)
{
	wire_u16(wire, 50000);
	wire_u16(wire, port);
	wire_u32(wire, 0x03e80000);
}

void wire_vxlan(struct wire *wire, u8 flags)
{
	wire_u32(wire, (u32)flags << 24);
	wire_u32(wire, 77 << 8);
}

void wire_geneve(struct wire *wire, u16 type, unsigned int option_words)
{
	wire_u8(wire, option_words);
	wire_u8(wire, 0);
	wire_u16(wire, type);
	wire_u32(wire, 77 << 8);
	wire_fill(wire, option_words * 4, 0xee);
}

void wire_gre(struct wire *wire, u8 flags, u8 version, u16 type)
{
	wire_u8(wire, flags);
	wire_u8(wire, version);
	wire_u16(wire, type);
	if (flags & 0x80)
		wire_u32(wire, 0xcccc0000);
	if (flags & 0x20)
		wire_u32(wire, 0x4b4b4b4b);
	if (flags & 0x10)
		wire_u32(wire, 0x5e5e5e5e);
}
