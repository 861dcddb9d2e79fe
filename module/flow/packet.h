/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which flow a packet belongs to. Pure: no kernel state, no packet kept or changed; it is
 * compiled into the unit tests as it is.
 */

#ifndef _FALCON_PACKET_H
#define _FALCON_PACKET_H

#include <linux/types.h>

/* What outer and inner IPv6, each with two VLAN tags, all GENEVE options and the ports need. */
#define FALCON_PACKET_BYTES 384

/* Enough for VXLAN over IPv4 or IPv6 with an inner flow of either, without options. */
#define FALCON_PACKET_USUAL 114

/* UDP ports that tunnels can listen on at the same time. */
#define FALCON_TUNNEL_PORTS 16

/*
 * A flow by its innermost known headers. Compared and hashed as a whole, so the parser
 * clears it first. IPv4 addresses use the first word; ports are 0 where there are none.
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

/* Encapsulations that some device of this host ends. */
struct falcon_tunnels {
	unsigned int	ports;				/* entries in port[] */
	struct {
		__be16	port;
		u8	geneve;				/* 1 GENEVE, 0 VXLAN */
	} port[FALCON_TUNNEL_PORTS];
	bool		gre;
	bool		ip_in_ip;			/* IPIP, SIT, IPv6 tunnels */
};

enum falcon_encap_kind {
	FALCON_ENCAP_NONE,
	FALCON_ENCAP_VXLAN,
	FALCON_ENCAP_GENEVE,
	FALCON_ENCAP_GRE,
	FALCON_ENCAP_IP,		/* IPIP, SIT, IPv6 tunnels */
};

/* What packets are wrapped in. Compared as a whole. */
struct falcon_encap {
	u8	kind;
	u8	pad;
	__be16	port;			/* UDP destination port, 0 for none */
};

/* What is the same for every packet of a flow, in the shape of most of them. */
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
	FALCON_PACKET_PLAIN,	/* IP, but not in one of the tunnels asked for */
	FALCON_PACKET_FLOW,	/* the key is complete */
	FALCON_PACKET_FRAGMENT,	/* a later fragment: the key has no ports, see later */
};

/* An IP datagram of which this packet is a fragment; 0 is none. */
struct falcon_datagram {
	u32	id;		/* identification, as in the header */
	__be32	saddr[4];
	__be32	daddr[4];
	u32	protocol;	/* 0 for IPv6, whose identification is by the addresses alone */
};

/* Of a packet that came through no tunnel, or through one that has none. */
#define FALCON_NO_VNI  0xffffffff
#define FALCON_NO_DSCP 0xff

struct falcon_packet {
	struct falcon_key	key;
	u32			vni;		/* GRE: the lower 24 bits of its key */
	u8			dscp;		/* of the flow's own IP header */
	u8			outer_dscp;	/* of the tunnel's */
	struct falcon_encap	encap;
	/*
	 * Datagrams of which this is the first fragment, outer and inner: later fragments
	 * of them belong to the same flow.
	 */
	unsigned int		firsts;
	struct falcon_datagram	first[2];
	struct falcon_datagram	later;	/* for FALCON_PACKET_FRAGMENT */
};

/* Bytes of a packet in which it is marked what was read: more than most of them need. */
#define FALCON_MARKS 128

/* What the answer about a packet depends on, bit by bit. */
struct falcon_marks {
	unsigned int	len;	/* bytes that were looked through, marked or not */
	u8		bits[FALCON_MARKS];
};

/* Whether packets of this IPPROTO_ begin with a source and a destination port. Context: any. */
bool falcon_packet_has_ports(u8 protocol);

/**
 * falcon_packet_parse() - find the flow of a packet
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tunnels: look into these encapsulations, and at nothing else; NULL for the packet's own
 *	headers
 * @packet: what was found; @key is valid for FALCON_PACKET_FLOW and FALCON_PACKET_FRAGMENT, and
 *	@vni, @dscp, @outer_dscp, @encap for FALCON_PACKET_FLOW
 *
 * Context: any.
 * Return: what the packet is.
 */
enum falcon_packet_kind falcon_packet_parse(const u8 *data, unsigned int len, __be16 protocol,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_packet *packet);

/**
 * falcon_packet_mark() - the same, and what it depends on
 * @marks: result: any packet that has no fewer bytes, and that is the same in every bit that is
 *	marked, gets the same answer, with the same key and VNI. For FALCON_PACKET_FLOW without
 *	fragments, and as long as @marks->len is FALCON_MARKS at most
 *
 * Context: any. Return: as falcon_packet_parse().
 */
enum falcon_packet_kind falcon_packet_mark(const u8 *data, unsigned int len, __be16 protocol,
					   const struct falcon_tunnels *tunnels,
					   struct falcon_packet *packet,
					   struct falcon_marks *marks);

/**
 * falcon_packet_quick() - the flow of an IPv4 packet of the usual shape
 * @data: packet from its network header on
 * @len: bytes there
 * @tunnels: encapsulations to look into
 * @tuple: result, for FALCON_PACKET_FLOW
 *
 * VXLAN over IPv4 without options, in it TCP or UDP over IPv4 without options, none of it a
 * fragment: found at a fraction of what falcon_packet_parse() costs, which finds the same.
 *
 * Context: any.
 * Return: FALCON_PACKET_FLOW; FALCON_PACKET_PLAIN for TCP and UDP outside of tunnels;
 * FALCON_PACKET_UNKNOWN for whatever needs a closer look.
 */
enum falcon_packet_kind falcon_packet_quick(const u8 *data, unsigned int len,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_tuple *tuple);

#endif /* _FALCON_PACKET_H */
