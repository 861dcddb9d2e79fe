/* SPDX-License-Identifier: GPL-2.0 */
/* Packets, written header after header, and the parser's answers about them. */

#ifndef _WIRE_H
#define _WIRE_H

#include "unit.h"
#include "packet.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#define VXLAN_PORT	4789
#define GENEVE_PORT	6081
#define MORE		0x2000	/* flag of an IPv4 fragment */

struct wire {
	unsigned int	len;
	u8		bytes[2048];
};

/* IPv4 or IPv6, from 192.0.2.1 to 198.51.100.2 or their like, distinct for each @number. */
struct falcon_key wire_flow(u8 family, u8 protocol, u8 number);

/* As a big-endian number of the header. */
void wire_u8(struct wire *wire, u8 value);
void wire_u16(struct wire *wire, u16 value);
void wire_u32(struct wire *wire, u32 value);
void wire_fill(struct wire *wire, unsigned int bytes, u8 value);

/* ETH_P_IP or ETH_P_IPV6 of a flow. */
u16 wire_type(const struct falcon_key *flow);

/* Ethernet, then as many tags as wanted: each names what follows it. */
void wire_ethernet(struct wire *wire, u16 type);
void wire_tag(struct wire *wire, u16 type);

/* An IP header with the flow's addresses; @protocol follows. */
void wire_ip(struct wire *wire, const struct falcon_key *flow, u8 protocol);
void wire_ipv4(struct wire *wire, const struct falcon_key *flow, u8 protocol,
	       unsigned int option_words, u16 fragment, u16 id);
void wire_extension(struct wire *wire, u8 next, unsigned int more_words);
void wire_fragment(struct wire *wire, u8 next, unsigned int offset, bool more, u32 id);

/* The first 8 bytes of a transport header with the flow's ports. */
void wire_ports(struct wire *wire, const struct falcon_key *flow);

/* Both: a whole packet of the flow, from its IP header on. */
void wire_packet(struct wire *wire, const struct falcon_key *flow);

void wire_udp(struct wire *wire, u16 port);
void wire_vxlan(struct wire *wire, u8 flags);
void wire_geneve(struct wire *wire, u16 type, unsigned int option_words);
void wire_gre(struct wire *wire, u8 flags, u8 version, u16 type);

/* A table with every encapsulation. */
extern const struct falcon_tunnels wire_tunnels;

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
