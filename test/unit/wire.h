/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that are written header by header. */

#ifndef _WIRE_H
#define _WIRE_H

#include "flow/packet.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#define VXLAN_PORT	4789
#define GENEVE_PORT	6081
#define MORE		0x2000	/* flag of an IPv4 fragment */

/* Return: true if this IPPROTO_ has ports. */
bool wire_has_ports(u8 protocol);

struct wire {
	unsigned int	len;
	u8		bytes[2048];
};

/* IPv4 or IPv6, from 192.0.2.1 to 198.51.100.2 or the like, distinct for each @number. */
struct falcon_key wire_flow(u8 family, u8 protocol, u8 number);

/* Written as a big-endian field of the header. */
void wire_u8(struct wire *wire, u8 value);
void wire_u16(struct wire *wire, u16 value);
void wire_u32(struct wire *wire, u32 value);
void wire_fill(struct wire *wire, unsigned int bytes, u8 value);

/* ETH_P_IP or ETH_P_IPV6 of a flow. */
u16 wire_type(const struct falcon_key *flow);

/* Ethernet, then any number of tags: each names the type that follows. */
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

/* A whole packet of the flow, from its IP header on. */
void wire_packet(struct wire *wire, const struct falcon_key *flow);

void wire_udp(struct wire *wire, u16 port);
void wire_vxlan(struct wire *wire, u8 flags);
void wire_geneve(struct wire *wire, u16 type, unsigned int option_words);
void wire_gre(struct wire *wire, u8 flags, u8 version, u16 type);

/* A table with every encapsulation. */
extern const struct falcon_tunnels wire_tunnels;

#endif
