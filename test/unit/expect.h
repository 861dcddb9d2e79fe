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
 * memory; what it says is seen to be what falcon_packet_parse() says, unless it leaves that to it.
 */
enum falcon_packet_kind wire_quick(const struct wire *wire, unsigned int len,
				   const struct falcon_tunnels *tunnels);

/* The same for every piece of a packet; see that the answer about the whole is @kind. */
void wire_expect_quick(const struct wire *wire, const struct falcon_tunnels *tunnels,
		       enum falcon_packet_kind kind);

/*
 * Parse, and see that the answer is @kind; that of every shorter piece of the packet it is the
 * same with the same key, or UNKNOWN; and that once it is known, longer ones don't change it.
 */
void wire_expect(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		 enum falcon_packet_kind kind, struct falcon_packet *packet);

/* The same, for who has no use for what was found. */
void wire_expect_kind(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		      enum falcon_packet_kind kind);

/* The same for FALCON_PACKET_FLOW, with this key. */
void wire_expect_flow(const struct wire *wire, u16 type, const struct falcon_tunnels *tunnels,
		      const struct falcon_key *flow);

/* See that the datagram is one between the flow's addresses. */
void wire_expect_datagram(const struct falcon_datagram *datagram, const struct falcon_key *flow,
			  u32 id);

/* What is true of every answer, whatever the packet. */
void wire_expect_sane(enum falcon_packet_kind kind, const struct falcon_packet *packet);

#endif
