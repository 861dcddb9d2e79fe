// SPDX-License-Identifier: GPL-2.0

#include "expect.h"

#include <asm/byteorder.h>

enum falcon_packet_kind wire_parse(const struct wire *wire, unsigned int len, u16 type,
				   const struct falcon_tunnels *tunnels,
				   struct falcon_packet *packet)
{
	enum falcon_packet_kind kind;
	u8 *block = malloc(len);

	assert_non_null(block);
	memcpy(block, wire->bytes, len);
	/* The parser must not rely on the previous contents. */
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
	assert_int_equal(packet.vni, tuple.vni);
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
	if (kind == FALCON_PACKET_FRAGMENT || !wire_has_ports(key->protocol)) {
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
