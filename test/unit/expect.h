/* SPDX-License-Identifier: GPL-2.0 */
/* The parser's answers about packets. */

#ifndef _EXPECT_H
#define _EXPECT_H

#include "unit.h"
#include "wire.h"

/* falcon_packet_parse() of the first @len bytes, at the very end of a block of memory. */
enum falcon_packet_kind wire_parse(const struct wire *wire, unsigned int len, u16 type,
				   const struct falcon_tunnels *tunnels,
				   struct falcon_packet *packet);

/*
 * falcon_packet_quick() of the first @len bytes of an IPv4 packet, at the very end of a block of
 * memory. Asserts that it agrees with falcon_packet_parse(), unless it leaves the packet to it.
 */
enum falcon_packet_kind wire_quick(const struct wire *wire, unsigned int len,
				   const struct falcon_tunnels *tunnels);

/* wire_quick() of every prefix of a packet. Asserts that the whole packet is of @kind. */
void wire_expect_quick(const struct wire *wire, const struct falcon_tunnels *tunnels,
		       enum falcon_packet_kind kind);

/*
 * Parse, and assert that the packet is of @kind. Each prefix gives the same answer with the same
 * key, or UNKNOWN; once the answer is known, a longer prefix does not change it.
 */
void wire_expect(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		 enum falcon_packet_kind kind, struct falcon_packet *packet);

/* Like wire_expect(), without returning the packet. */
void wire_expect_kind(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		      enum falcon_packet_kind kind);

/* Like wire_expect_kind() for FALCON_PACKET_FLOW, with this key. */
void wire_expect_flow(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		      const struct falcon_key *flow);

/* Assert that the datagram is between the flow's addresses. */
void wire_expect_datagram(const struct falcon_datagram *datagram, const struct falcon_key *flow,
			  u32 id);

/* Assert the invariants of every answer. */
void wire_expect_sane(enum falcon_packet_kind kind, const struct falcon_packet *packet);

#endif
