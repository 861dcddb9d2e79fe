// SPDX-License-Identifier: GPL-2.0

#include "wire.h"

#include <linux/types.h>
#include <asm/byteorder.h>

const struct falcon_tunnels wire_tunnels = {
	.ports		= 3,
	.port		= {
		{ cpu_to_be16(8472), 0 },
		{ cpu_to_be16(VXLAN_PORT), 0 },
		{ cpu_to_be16(GENEVE_PORT), 1 },
	},
	.gre		= true,
	.ip_in_ip	= true,
};

static bool has_ports(u8 protocol)
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
	if (has_ports(protocol)) {
		flow.sport = cpu_to_be16(0x1234 + number);
		flow.dport = cpu_to_be16(0xfe00 + number);
	}
	return flow;
}

void wire_fill(struct wire *wire, unsigned int bytes, u8 value)
{
	assert_true(wire->len + bytes <= sizeof(wire->bytes));
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

enum falcon_packet_kind wire_parse(const struct wire *wire, unsigned int len, u16 type,
				   const struct falcon_tunnels *tunnels,
				   struct falcon_packet *packet)
{
	enum falcon_packet_kind kind;
	u8 *block = malloc(len);

	assert_non_null(block);
	memcpy(block, wire->bytes, len);
	/* Nobody may rely on what was there before. */
	memset(packet, 0xa5, sizeof(*packet));
	kind = falcon_packet_parse(block, len, cpu_to_be16(type), tunnels, packet);
	free(block);
	wire_expect_sane(kind, packet);
	return kind;
}

enum falcon_packet_kind wire_quick(const struct wire *wire, unsigned int len,
				   const struct falcon_tunnels *tunnels)
{
	struct falcon_tuple tuple;
	struct falcon_packet packet;
	enum falcon_packet_kind kind;
	u8 *block = malloc(len);

	assert_non_null(block);
	memcpy(block, wire->bytes, len);
	memset(&tuple, 0xa5, sizeof(tuple));
	kind = falcon_packet_quick(block, len, tunnels, &tuple);
	free(block);
	if (kind == FALCON_PACKET_UNKNOWN)
		return kind;
	assert_int_equal(kind, wire_parse(wire, len, ETH_P_IP, tunnels, &packet));
	if (kind == FALCON_PACKET_PLAIN)
		return kind;
	assert_int_equal(kind, FALCON_PACKET_FLOW);
	assert_int_equal(packet.firsts, 0);
	assert_int_equal(packet.key.family, 4);
	assert_int_equal(packet.key.saddr[0], tuple.saddr);
	assert_int_equal(packet.key.daddr[0], tuple.daddr);
	assert_int_equal(packet.key.sport, tuple.sport);
	assert_int_equal(packet.key.dport, tuple.dport);
	assert_int_equal(packet.key.protocol, tuple.protocol);
	return kind;
}

void wire_expect_quick(const struct wire *wire, const struct falcon_tunnels *tunnels,
		       enum falcon_packet_kind kind)
{
	unsigned int len;

	for (len = 0; len < wire->len; len++)
		wire_quick(wire, len, tunnels);
	assert_int_equal(wire_quick(wire, wire->len, tunnels), kind);
}

void wire_expect_sane(enum falcon_packet_kind kind, const struct falcon_packet *packet)
{
	const struct falcon_key *key = &packet->key;

	assert_in_range(kind, FALCON_PACKET_UNKNOWN, FALCON_PACKET_FRAGMENT);
	assert_in_range(packet->firsts, 0, 2);
	if (kind != FALCON_PACKET_FLOW && kind != FALCON_PACKET_FRAGMENT)
		return;
	assert_true(key->family == 4 || key->family == 6);
	assert_int_equal(key->pad, 0);
	if (kind == FALCON_PACKET_FRAGMENT || !has_ports(key->protocol)) {
		assert_int_equal(key->sport, 0);
		assert_int_equal(key->dport, 0);
	}
	if (kind == FALCON_PACKET_FRAGMENT) {
		assert_memory_equal(packet->later.saddr, key->saddr, sizeof(key->saddr));
		assert_memory_equal(packet->later.daddr, key->daddr, sizeof(key->daddr));
	}
	if (key->family == 4) {
		assert_memory_equal(key->saddr + 1, "\0\0\0\0\0\0\0\0\0\0\0", 12);
		assert_memory_equal(key->daddr + 1, "\0\0\0\0\0\0\0\0\0\0\0", 12);
	}
}

void wire_expect(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		 enum falcon_packet_kind kind, struct falcon_packet *packet)
{
	enum falcon_packet_kind piece_kind;
	struct falcon_packet piece;
	bool known = false;
	unsigned int len;

	assert_int_equal(wire_parse(wire, wire->len, type, tunnels, packet), kind);
	for (len = 0; len < wire->len; len++) {
		piece_kind = wire_parse(wire, len, type, tunnels, &piece);
		if (piece_kind == FALCON_PACKET_UNKNOWN) {
			assert_false(known);
			continue;
		}
		known = true;
		assert_int_equal(piece_kind, kind);
		assert_int_equal(piece.firsts, packet->firsts);
		assert_memory_equal(piece.first, packet->first,
				    packet->firsts * sizeof(packet->first[0]));
		if (kind == FALCON_PACKET_PLAIN)
			continue;
		assert_memory_equal(&piece.key, &packet->key, sizeof(packet->key));
		if (kind == FALCON_PACKET_FRAGMENT)
			assert_memory_equal(&piece.later, &packet->later, sizeof(packet->later));
	}
}

void wire_expect_flow(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		      const struct falcon_key *flow)
{
	struct falcon_packet packet;

	wire_expect(wire, type, tunnels, FALCON_PACKET_FLOW, &packet);
	assert_memory_equal(&packet.key, flow, sizeof(*flow));
}

void wire_expect_kind(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		      enum falcon_packet_kind kind)
{
	struct falcon_packet packet;

	wire_expect(wire, type, tunnels, kind, &packet);
}

void wire_expect_datagram(const struct falcon_datagram *datagram, const struct falcon_key *flow,
			  u32 id)
{
	assert_int_equal(datagram->id, id);
	assert_int_equal(datagram->protocol, flow->family == 4 ? flow->protocol : 0);
	assert_memory_equal(datagram->saddr, flow->saddr, sizeof(flow->saddr));
	assert_memory_equal(datagram->daddr, flow->daddr, sizeof(flow->daddr));
}
