// SPDX-License-Identifier: GPL-2.0
/*
 * The parser: compares the answers for a packet and its prefixes, the quick parser with the full
 * one, and packets that fit a template with the template's packet.
 */

#include <string.h>

#include "fuzz.h"
#include "random.h"
#include "flow/template.h"
#include "wire.h"

#include <asm/byteorder.h>

static void expect_the_same_of_a_piece(const uint8_t *data, size_t size, __be16 type,
				       const struct falcon_tunnels *tunnels,
				       enum falcon_packet_kind kind,
				       const struct falcon_packet *packet)
{
	enum falcon_packet_kind piece_kind;
	struct falcon_packet piece;

	memset(&piece, 0x5a, sizeof(piece));
	piece_kind = falcon_packet_parse(data, size / 2, type, tunnels, &piece);
	if (piece_kind == FALCON_PACKET_UNKNOWN)
		return;
	must(piece_kind == kind);
	must(kind == FALCON_PACKET_PLAIN || !memcmp(&piece.key, &packet->key, sizeof(piece.key)));
	if (kind != FALCON_PACKET_FLOW)
		return;
	must(piece.vni == packet->vni);
	must(piece.dscp == packet->dscp && piece.outer_dscp == packet->outer_dscp);
}

static void expect_sane(enum falcon_packet_kind kind, const struct falcon_packet *packet,
			bool tunnelled)
{
	must(packet->firsts <= 2);
	if (kind != FALCON_PACKET_FLOW && kind != FALCON_PACKET_FRAGMENT)
		return;
	must(packet->key.family == 4 || packet->key.family == 6);
	must(!packet->key.pad);
	if (kind == FALCON_PACKET_FRAGMENT || !wire_has_ports(packet->key.protocol))
		must(!packet->key.sport && !packet->key.dport);
	if (kind != FALCON_PACKET_FLOW)
		return;
	must(packet->dscp < 64);
	must(packet->vni < 1 << 24 || packet->vni == FALCON_NO_VNI);
	must(tunnelled ? packet->outer_dscp < 64 : packet->outer_dscp == FALCON_NO_DSCP);
}

static void expect_quick(const uint8_t *data, size_t size, enum falcon_packet_kind kind,
			 const struct falcon_packet *packet)
{
	enum falcon_packet_kind quick;
	struct falcon_tuple tuple;

	quick = falcon_packet_quick(data, size, &wire_tunnels, &tuple);
	if (quick == FALCON_PACKET_UNKNOWN)
		return;
	must(quick == kind);
	if (quick == FALCON_PACKET_PLAIN)
		return;
	must(quick == FALCON_PACKET_FLOW);
	must(!packet->firsts && packet->key.family == 4);
	must(packet->key.saddr[0] == tuple.saddr && packet->key.daddr[0] == tuple.daddr);
	must(packet->key.sport == tuple.sport && packet->key.dport == tuple.dport);
	must(packet->key.protocol == tuple.protocol && packet->vni == tuple.vni);
}

/* Change every bit that the template leaves free. */
static void expect_the_same_of_what_fits(const uint8_t *data, size_t size, __be16 type,
					 const struct falcon_packet *packet,
					 const struct falcon_template *template)
{
	u32 seed = 1 + size;
	struct falcon_packet other;
	u8 *block = malloc(size);
	unsigned int i;
	u64 word;

	must(block);
	for (i = 0; i < size; i++)
		block[i] = unit_random(&seed) ^ data[i];
	memcpy(block + template->tail_at, &template->tail, sizeof(template->tail));
	for (i = 0; i < template->goes * FALCON_TEMPLATE_GO; i++) {
		memcpy(&word, block + template->words[i].at, sizeof(word));
		word = (word & ~template->words[i].mask) | template->words[i].value;
		memcpy(block + template->words[i].at, &word, sizeof(word));
	}
	must(falcon_template_fits(template, data) && falcon_template_fits(template, block));
	must(falcon_packet_parse(block, size, type, &wire_tunnels, &other) == FALCON_PACKET_FLOW);
	must(!other.firsts && other.vni == packet->vni);
	must(!memcmp(&other.key, &packet->key, sizeof(other.key)));
	free(block);
}

static void expect_template(const uint8_t *data, size_t size, __be16 type,
			    enum falcon_packet_kind kind, const struct falcon_packet *packet)
{
	struct falcon_template template;

	memset(&template, 0xa5, sizeof(template));
	if (!falcon_template_make(&template, data, size, type, &wire_tunnels))
		return;
	must(kind == FALCON_PACKET_FLOW && !packet->firsts);
	must(template.tail_at + sizeof(template.tail) <= size);
	expect_the_same_of_what_fits(data, size, type, packet, &template);
}

/* The first byte selects the type, and whether the parser looks into tunnels. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u16 types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD };
	const struct falcon_tunnels *tunnels;
	enum falcon_packet_kind kind;
	struct falcon_packet packet;
	__be16 type;

	if (!size)
		return -1;
	type = cpu_to_be16(types[data[0] & 3]);
	tunnels = data[0] & 4 ? NULL : &wire_tunnels;
	data++;
	size--;

	memset(&packet, 0xa5, sizeof(packet));
	kind = falcon_packet_parse(data, size, type, tunnels, &packet);
	expect_sane(kind, &packet, tunnels);
	expect_the_same_of_a_piece(data, size, type, tunnels, kind, &packet);
	if (type == cpu_to_be16(ETH_P_IP) && tunnels)
		expect_quick(data, size, kind, &packet);
	if (tunnels)
		expect_template(data, size, type, kind, &packet);
	return 0;
}
