// SPDX-License-Identifier: GPL-2.0
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "seal.h"

#include <asm/byteorder.h>

#define DEPTH		4	/* tunnels in tunnels */
#define FLOWS		64	/* source ports, so that flows come again */
#define PAYLOAD		1300
#define MINIMUM		60	/* what a wire carries */
#define IP_HEADER	20
#define ROOM		900	/* from here on there is none for another tunnel */

struct maker {
	struct frame_plan *plan;
	struct sealed packet;
	unsigned int depth;
	unsigned int outer;	/* where the outer IP header is */
};

static u32 below(struct maker *m, u32 bound)
{
	return unit_random(&m->plan->seed) % bound;
}

static bool one_in(struct maker *m, u32 n)
{
	return !below(m, n);
}

static void put_payload(struct maker *m, unsigned int len)
{
	unsigned int left = FRAME_MAX - 200 - m->packet.wire.len;

	if (m->packet.wire.len > FRAME_MAX - 200)
		return;
	for (len = len < left ? len : left; len; len--)
		wire_u8(&m->packet.wire, unit_random(&m->plan->seed));
}

static void put_transport(struct maker *m, u8 protocol)
{
	struct wire *wire = &m->packet.wire;
	u16 port = m->plan->port + below(m, FRAME_SINKS + 1);

	switch (protocol) {
	case IPPROTO_UDP:
		seal_mark(&m->packet, SEAL_UDP, false);
		wire_u16(wire, 20000 + below(m, FLOWS));
		wire_u16(wire, port);
		wire_u32(wire, 0);
		break;
	case IPPROTO_TCP:
		seal_mark(&m->packet, SEAL_TCP, false);
		wire_u16(wire, 20000 + below(m, FLOWS));
		wire_u16(wire, port);
		wire_u32(wire, unit_random(&m->plan->seed));
		wire_u32(wire, unit_random(&m->plan->seed));
		/* Five words; flags: one that begins, ends, resets or carries. */
		wire_u8(wire, 0x50);
		wire_u8(wire, one_in(m, 4) ? below(m, 256) : 1u << below(m, 5));
		wire_u16(wire, 0xffff);
		wire_u32(wire, 0);
		break;
	case IPPROTO_ICMP:
		seal_mark(&m->packet, SEAL_ICMP, false);
		wire_u32(wire, 0x08000000);
		wire_u32(wire, unit_random(&m->plan->seed));
		break;
	}
	put_payload(m, one_in(m, 3) ? below(m, PAYLOAD) : below(m, 64));
}

static void put_inner(struct maker *m);

static void put_udp_header(struct maker *m, u16 port, u8 family)
{
	/* IPv6 has to have one, unless the tunnel was told otherwise. */
	seal_mark(&m->packet, SEAL_UDP, family == 4 || one_in(m, 2));
	wire_u16(&m->packet.wire, 30000 + below(m, FLOWS));
	wire_u16(&m->packet.wire, port);
	wire_u32(&m->packet.wire, 0);
}

enum carrier { VXLAN, GENEVE, GRE, IP_IN_IP, NONE };

static u8 protocol_of(enum carrier carrier, u8 plain)
{
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_GRE, IPPROTO_IPIP };

	return carrier == NONE ? plain : protocols[carrier];
}

static void put_ip_in_tunnel(struct maker *m);

static void put_ethernet(struct maker *m, const struct frame_ends *ends, u16 type)
{
	static const u8 broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct wire *wire = &m->packet.wire;
	unsigned int at = wire->len, tags = one_in(m, 16) ? 1 + below(m, 2) : 0;

	wire_ethernet(wire, tags ? ETH_P_8021Q : type);
	memcpy(wire->bytes + at, ends->mac[1], 6);
	memcpy(wire->bytes + at + 6, ends->mac[0], 6);
	if (one_in(m, 24))
		memcpy(wire->bytes + at, broadcast, 6);
	while (tags--)
		wire_tag(wire, tags ? ETH_P_8021Q : type);
}

static void put_gre(struct maker *m)
{
	static const u8 flags[] = { 0, 0, 0, 0x80, 0x20, 0x10, 0xb0, 0x40 };
	u8 which = flags[below(m, 8)];

	if (one_in(m, 2)) {
		wire_gre(&m->packet.wire, which, 0, 0x6558);
		put_inner(m);
	} else {
		wire_gre(&m->packet.wire, which, 0, ETH_P_IP);
		put_ip_in_tunnel(m);
	}
}

/* What follows an outer IP header. */
static void put_carried(struct maker *m, enum carrier carrier, u8 family, u8 plain)
{
	struct wire *wire = &m->packet.wire;

	m->depth++;
	switch (carrier) {
	case VXLAN:
		put_udp_header(m, VXLAN_PORT, family);
		wire_vxlan(wire, one_in(m, 20) ? unit_random(&m->plan->seed) : 0x08);
		put_inner(m);
		break;
	case GENEVE:
		put_udp_header(m, GENEVE_PORT, family);
		wire_geneve(wire, ETH_P_TEB, one_in(m, 4) ? below(m, 64) : 0);
		put_inner(m);
		break;
	case GRE:
		put_gre(m);
		break;
	case IP_IN_IP:
		put_ip_in_tunnel(m);
		break;
	case NONE:
		put_transport(m, plain);
		break;
	}
}

static struct falcon_key key_of(const struct frame_ends *ends, u8 family)
{
	struct falcon_key key = { .family = family };

	memcpy(key.saddr, family == 4 ? ends->v4[0] : ends->v6[0], family == 4 ? 4 : 16);
	memcpy(key.daddr, family == 4 ? ends->v4[1] : ends->v6[1], family == 4 ? 4 : 16);
	return key;
}

static void put_ipv6(struct maker *m, const struct falcon_key *key, u8 protocol)
{
	static const u8 kinds[] = { IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
				    IPPROTO_HOPOPTS };
	unsigned int i, extensions = one_in(m, 4) ? 1 + below(m, 5) : 0;
	struct wire *wire = &m->packet.wire;
	u8 chain[6];

	for (i = 0; i < extensions; i++)
		chain[i] = kinds[below(m, i ? 3 : 4)];
	chain[extensions] = protocol;
	seal_mark(&m->packet, SEAL_IPV6, false);
	wire_ip(wire, key, chain[0]);
	for (i = 0; i < extensions; i++) {
		/* A whole datagram, or a piece that nothing comes to. */
		if (chain[i] == IPPROTO_FRAGMENT)
			wire_fragment(wire, chain[i + 1], one_in(m, 4) ? below(m, 0x1fff) : 0,
				      one_in(m, 4), ++m->plan->made << 8 | i);
		else
			wire_extension(wire, chain[i + 1], below(m, 3));
	}
}

static void put_ipv4(struct maker *m, const struct falcon_key *key, u8 protocol)
{
	u16 fragment = one_in(m, 24) ? (one_in(m, 2) ? MORE : 0) | below(m, 0x100) : 0;

	seal_mark(&m->packet, SEAL_IPV4, false);
	wire_ipv4(&m->packet.wire, key, protocol, one_in(m, 16) ? 1 + below(m, 10) : 0, fragment,
		  m->plan->made);
}

/* An IP header, and all that it carries: another tunnel now and then. */
static void put_ip(struct maker *m, const struct frame_ends *ends, u8 family, bool tunnel)
{
	static const enum carrier carriers[] = { VXLAN, VXLAN, VXLAN, VXLAN, GENEVE, GRE,
						 IP_IN_IP };
	static const u8 plain[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_TCP,
				    IPPROTO_ICMP, IPPROTO_SCTP, 253 };
	bool another = tunnel && m->depth < DEPTH && m->packet.wire.len < ROOM;
	enum carrier carrier = another ? carriers[below(m, 7)] : NONE;
	struct falcon_key key = key_of(ends, family);
	u8 protocol = protocol_of(carrier, plain[below(m, 8)]);

	if (family == 4)
		put_ipv4(m, &key, protocol);
	else
		put_ipv6(m, &key, protocol);
	put_carried(m, carrier, family, protocol);
}

static void put_ip_in_tunnel(struct maker *m)
{
	put_ip(m, &m->plan->inner, 4, one_in(m, 16));
}

/* A frame within a tunnel. */
static void put_inner(struct maker *m)
{
	u8 family = one_in(m, 4) ? 6 : 4;

	put_ethernet(m, &m->plan->inner, family == 4 ? ETH_P_IP : ETH_P_IPV6);
	put_ip(m, &m->plan->inner, family, one_in(m, 16));
}

/* A length, an offset, a flag or anything else says what is not so. */
static void damage(struct maker *m)
{
	struct wire *wire = &m->packet.wire;
	unsigned int headers = wire->len < m->outer + 160 ? wire->len : m->outer + 160;
	const struct seal_layer *layer = &m->packet.layer[below(m, m->packet.layers)];
	unsigned int at = m->outer + below(m, headers - m->outer);

	switch (below(m, 5)) {
	case 0:
		wire->bytes[at] ^= 1 << below(m, 8);
		break;
	case 1:
		wire->bytes[at] = unit_random(&m->plan->seed);
		break;
	case 2:
		/* The length of some header. */
		at = layer->at + (layer->kind == SEAL_IPV4 ? 2 : layer->kind == SEAL_TCP ? 12 : 4);
		wire->bytes[at] = one_in(m, 2) ? unit_random(&m->plan->seed) : wire->bytes[at];
		wire->bytes[at + 1] += one_in(m, 2) ? below(m, 17) - 8 : below(m, 256);
		break;
	case 3:
		/* The end is missing. */
		wire->len = m->outer + 1 + below(m, wire->len - m->outer);
		break;
	case 4:
		/* There is more than there should be. */
		put_payload(m, 1 + below(m, 64));
		break;
	}
}

static void add_frame(struct frame *frame, const u8 *head, unsigned int head_len, const u8 *body,
		      unsigned int body_len)
{
	memset(frame, 0, sizeof(*frame));
	if (head_len + body_len > FRAME_MAX)
		abort();
	memcpy(frame->bytes, head, head_len);
	memcpy(frame->bytes + head_len, body, body_len);
	frame->size = head_len + body_len < MINIMUM ? MINIMUM : head_len + body_len;
}

/*
 * The outer IPv4 datagram in fragments; one of them twice, not at all, or beginning too early, now
 * and then.
 */
static unsigned int split(struct maker *m, struct frame *frames)
{
	const struct wire *wire = &m->packet.wire;
	unsigned int body = wire->len - m->outer - IP_HEADER, pieces = 2 + below(m, 2);
	unsigned int each = (body / pieces + 7) & ~7, from, len, i, count = 0;
	struct sealed head;

	for (i = 0; i < pieces; i++) {
		from = i * each;
		if (from >= body)
			break;
		if (from && one_in(m, 16))
			from -= 8;
		len = i == pieces - 1 || from + each > body ? body - from : each;
		head = m->packet;
		head.wire.len = m->outer + IP_HEADER;
		head.wire.bytes[m->outer + 2] = (IP_HEADER + len) >> 8;
		head.wire.bytes[m->outer + 3] = IP_HEADER + len;
		head.wire.bytes[m->outer + 6] = (from / 8) >> 8;
		if (from + len < body)
			head.wire.bytes[m->outer + 6] |= MORE >> 8;
		head.wire.bytes[m->outer + 7] = from / 8;
		seal_ipv4(&head, m->outer);
		if (one_in(m, 16))
			continue;
		add_frame(&frames[count++], head.wire.bytes, head.wire.len,
			  wire->bytes + m->outer + IP_HEADER + from, len);
	}
	if (count && count < FRAME_PIECES && one_in(m, 16)) {
		frames[count] = frames[count - 1];
		count++;
	}
	return count;
}

static bool can_be_split(const struct maker *m)
{
	const u8 *ip = m->packet.wire.bytes + m->outer;

	return ip[0] == 0x45 && !ip[6] && !ip[7] && m->packet.wire.len > m->outer + IP_HEADER + 64;
}

uint32_t frame_make(struct frame_plan *plan, struct frame *frames)
{
	static struct maker m;
	u8 family;
	u32 times;

	memset(&m, 0, sizeof(m));
	m.plan = plan;
	plan->made++;
	family = one_in(&m, 4) ? 6 : 4;
	put_ethernet(&m, &plan->outer, family == 4 ? ETH_P_IP : ETH_P_IPV6);
	m.outer = m.packet.wire.len;
	put_ip(&m, &plan->outer, family, !one_in(&m, 12));
	seal(&m.packet);
	if (one_in(&m, 2)) {
		for (times = 1 + below(&m, 3); times; times--)
			damage(&m);
		/* What is wrong further in gets as far. */
		if (family == 4 && one_in(&m, 2) && m.packet.wire.len >= m.outer + IP_HEADER)
			seal_ipv4(&m.packet, m.outer);
	} else if (family == 4 && one_in(&m, 10) && can_be_split(&m)) {
		return split(&m, frames);
	}
	add_frame(frames, m.packet.wire.bytes, m.packet.wire.len, NULL, 0);
	return 1;
}
