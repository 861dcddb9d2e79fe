/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds out which flow a packet belongs to. Pure: no kernel state, and no packet is kept or
 * changed. Compiled into the unit tests as it is.
 */

#ifndef _FALCON_PACKET_H
#define _FALCON_PACKET_H

#include <linux/types.h>

/* Enough for outer and inner IPv6 with two VLAN tags each, all GENEVE options, and ports. */
#define FALCON_PACKET_BYTES 384

/* Enough for VXLAN over IPv4 or IPv6 with an inner flow of either, without options. */
#define FALCON_PACKET_USUAL 114

/* UDP ports of tunnels that falcon looks into at the same time. */
#define FALCON_TUNNEL_PORTS 16

/*
 * A flow, by its innermost known headers. Compared and hashed as a whole, so the parser clears it
 * first. An IPv4 address is in the first word. Ports are 0 for protocols without ports.
 */
struct falcon_key {
	__be32	saddr[4];
	__be32	daddr[4];
	__be16	sport;
	__be16	dport;
	u8	protocol;	/* IPPROTO_ of the flow itself, not of an extension header */
	u8	family;		/* 4 or 6 */
	u16	pad;
};

enum falcon_encap_kind {
	FALCON_ENCAP_NONE,
	FALCON_ENCAP_VXLAN,
	FALCON_ENCAP_GENEVE,
	FALCON_ENCAP_GRE,
	FALCON_ENCAP_IP,		/* IPIP, SIT, IPv6 tunnels */
	FALCON_ENCAP_KINDS,
};

/* True if a kind is told by a UDP destination port; otherwise the IP protocol tells it. */
static inline bool falcon_encap_has_port(u8 kind)
{
	return kind == FALCON_ENCAP_VXLAN || kind == FALCON_ENCAP_GENEVE;
}

/* The encapsulations that devices of this host take. */
struct falcon_tunnels {
	unsigned int	ports;				/* entries in port[] */
	struct {
		__be16	port;
		u8	kind;				/* enum falcon_encap_kind */
		u8	pad;
	} port[FALCON_TUNNEL_PORTS];
	bool		kind[FALCON_ENCAP_KINDS];	/* those that have no port */
};

/* The encapsulation of a packet. Compared as a whole. */
struct falcon_encap {
	u8	kind;
	u8	pad;
	__be16	port;			/* UDP destination port, 0 for none */
};

/* A flow over IPv4, as short as its packets allow. */
struct falcon_tuple {
	__be32	saddr;
	__be32	daddr;
	__be16	sport;
	__be16	dport;
	u32	protocol;
	u32	vni;
};

enum falcon_packet_kind {
	FALCON_PACKET_UNKNOWN,	/* not IP, or too short to tell */
	FALCON_PACKET_PLAIN,	/* IP, but in none of the given tunnels */
	FALCON_PACKET_FLOW,	/* the key is complete */
	FALCON_PACKET_FRAGMENT,	/* a later fragment: the key has no ports, see @later */
};

/* An IP datagram that this packet is a fragment of; 0 for none. */
struct falcon_datagram {
	u32	id;		/* identification, as in the header */
	__be32	saddr[4];
	__be32	daddr[4];
	u32	protocol;	/* 0 for IPv6, whose fragments may differ in it */
};

/* For packets that came through no tunnel, or through one that has no such thing. */
#define FALCON_NO_VNI  0xffffffff
#define FALCON_NO_DSCP 0xff

struct falcon_packet {
	struct falcon_key	key;
	u32			vni;		/* GRE: the lower 24 bits of its key */
	u8			dscp;		/* of the flow's own IP header */
	u8			outer_dscp;	/* of the tunnel's */
	struct falcon_encap	encap;
	/*
	 * Datagrams of which this packet is the first fragment, outer and inner. Their later
	 * fragments belong to the same flow.
	 */
	unsigned int		firsts;
	struct falcon_datagram	first[2];
	struct falcon_datagram	later;	/* for FALCON_PACKET_FRAGMENT */
};

/* Bytes of a packet in which reads are marked: more than most packets need. */
#define FALCON_MARKS 128

/* The bits of a packet that the parser's answer depends on. */
struct falcon_marks {
	unsigned int	len;	/* bytes that were walked over, marked or not */
	u8		bits[FALCON_MARKS];
};

/* True if packets of this IPPROTO_ begin with source and destination port. Context: any. */
bool falcon_packet_has_ports(u8 protocol);

/**
 * falcon_packet_parse() - find the flow of a packet
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tunnels: look into these encapsulations, and at nothing else; NULL: look at the packet's own
 *	headers
 * @packet: result; @key is valid for FALCON_PACKET_FLOW and FALCON_PACKET_FRAGMENT, @vni, @dscp,
 *	@outer_dscp and @encap for FALCON_PACKET_FLOW
 *
 * Context: any.
 * Return: the kind of packet.
 */
enum falcon_packet_kind falcon_packet_parse(const u8 *data, unsigned int len, __be16 protocol,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_packet *packet);

/**
 * falcon_packet_mark() - the same, and mark the bits that the answer depends on
 * @marks: result: a packet that is at least as long, and equal in every marked bit, gets the same
 *	answer, key and VNI. Valid for FALCON_PACKET_FLOW that is no fragment, if @marks->len is at
 *	most FALCON_MARKS
 *
 * Context: any. Return: as falcon_packet_parse().
 */
enum falcon_packet_kind falcon_packet_mark(const u8 *data, unsigned int len, __be16 protocol,
					   const struct falcon_tunnels *tunnels,
					   struct falcon_packet *packet,
					   struct falcon_marks *marks);

/**
 * falcon_packet_quick() - find the flow of an IPv4 packet of the usual shape
 * @data: packet from its network header on
 * @len: bytes there
 * @tunnels: encapsulations to look into
 * @tuple: result, for FALCON_PACKET_FLOW
 *
 * The usual shape is TCP or UDP over IPv4, in VXLAN over IPv4, without IP options or fragments.
 * falcon_packet_parse() finds the same at several times the cost.
 *
 * Context: any.
 * Return: FALCON_PACKET_FLOW; FALCON_PACKET_PLAIN for TCP and UDP outside of tunnels;
 * FALCON_PACKET_UNKNOWN for packets that need a closer look.
 */
enum falcon_packet_kind falcon_packet_quick(const u8 *data, unsigned int len,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_tuple *tuple);

#endif /* _FALCON_PACKET_H */
