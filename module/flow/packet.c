// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the flow of a packet off its headers. skb_flow_dissect() takes several times as long, stops
 * at the outer UDP header, and gives later fragments another flow.
 */

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/string.h>
#include <linux/udp.h>
#include <asm/byteorder.h>

#include "flow/packet.h"

#define VXLAN_HEADER	8
#define VXLAN_FLAG_VNI	0x08
#define VXLAN_FLAG_GPE	0x04	/* the next header need not be Ethernet */
#define GENEVE_HEADER	8
#define GENEVE_OPTIONS	0x3f	/* length in words, in the first byte */
#define GRE_HEADER	4
#define GRE_CHECKSUM	0x80
#define GRE_KEY		0x20
#define GRE_SEQUENCE	0x10
#define GRE_UNKNOWN	0x4f	/* routing, strict source route, recursion: nobody sends them */
#define GRE_VERSION	0x07
#define IP_MF		0x2000
#define IP_OFFSET	0x1fff
#define IP6_OFFSET	0xfff8
#define IP6_MF		0x0001
#define ETH_P_TEB	0x6558
#define VLAN_TAGS	2
#define EXTENSIONS	8	/* IPv6 extension headers before we give up */

/* The rest of the packet. */
struct cursor {
	const u8		*data;
	unsigned int		len;
	bool			cut;	/* the packet ended inside a header */
	const u8		*begin;
	struct falcon_marks	*marks;	/* NULL: not wanted */
};

/* The bytes of the next header; NULL if the packet ends before its end. */
static const void *take(struct cursor *at, unsigned int bytes)
{
	const void *header = at->data;

	if (at->len < bytes) {
		at->cut = true;
		return NULL;
	}
	at->data += bytes;
	at->len -= bytes;
	return header;
}

static u16 be16_at(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static u32 be32_at(const u8 *p)
{
	return (u32)be16_at(p) << 16 | be16_at(p + 2);
}

static void mark(struct cursor *at, const u8 *p, unsigned int bytes, u8 bits)
{
	unsigned int offset = p - at->begin;

	if (!at->marks)
		return;
	for (; bytes && offset < FALCON_MARKS; bytes--)
		at->marks->bits[offset++] |= bits;
}

/*
 * Everything that the answer, the key or the VNI depends on is read through one of these three
 * functions, or marked explicitly where the key is copied. A bit that the caller does not ask for
 * reads as 0, so no bit can be used without a mark.
 */
static u8 see_u8(struct cursor *at, const u8 *p, u8 bits)
{
	mark(at, p, 1, bits);
	return *p & bits;
}

static u16 see_be16(struct cursor *at, const u8 *p, u16 bits)
{
	mark(at, p, 1, bits >> 8);
	mark(at, p + 1, 1, bits);
	return be16_at(p) & bits;
}

static u32 see_be24(struct cursor *at, const u8 *p)
{
	mark(at, p, 3, 0xff);
	return p[0] << 16 | be16_at(p + 1);
}

/* Where the walk over an IP header ended. */
struct ip_walk {
	bool		first;	/* first fragment */
	bool		later;	/* later fragment: no transport header follows */
	u8		dscp;
	u32		id;
	const u8	*addresses;	/* source and destination */
};

static bool walk_ipv4(struct cursor *at, struct falcon_key *key, struct ip_walk *walk)
{
	const struct iphdr *ip = take(at, sizeof(*ip));
	u8 version;
	u16 offset;

	if (!ip)
		return false;
	version = see_u8(at, (const u8 *)ip, 0xff);
	if (version < 0x45 || version > 0x4f ||
	    !take(at, (version & 0x0f) * 4 - sizeof(*ip)))
		return false;

	key->family = 4;
	key->protocol = see_u8(at, &ip->protocol, 0xff);
	memcpy(key->saddr, &ip->saddr, sizeof(ip->saddr));
	memcpy(key->daddr, &ip->daddr, sizeof(ip->daddr));
	walk->addresses = (const u8 *)&ip->saddr;

	walk->dscp = ip->tos >> 2;
	offset = see_be16(at, (const u8 *)&ip->frag_off, IP_MF | IP_OFFSET);
	walk->first = offset == IP_MF;
	walk->later = offset & IP_OFFSET;
	walk->id = be16_at((const u8 *)&ip->id);
	return true;
}

static bool walk_ipv6(struct cursor *at, struct falcon_key *key, struct ip_walk *walk)
{
	const struct ipv6hdr *ip = take(at, sizeof(*ip));
	const u8 *extension;
	unsigned int i;
	u16 offset;
	u8 next;

	if (!ip || see_u8(at, (const u8 *)ip, 0xf0) != 0x60)
		return false;

	key->family = 6;
	memcpy(key->saddr, &ip->saddr, sizeof(ip->saddr));
	memcpy(key->daddr, &ip->daddr, sizeof(ip->daddr));
	walk->addresses = (const u8 *)&ip->saddr;

	walk->dscp = be16_at((const u8 *)ip) >> 6 & 0x3f;
	next = see_u8(at, &ip->nexthdr, 0xff);
	for (i = 0; i < EXTENSIONS; i++) {
		switch (next) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			extension = take(at, 8);
			if (!extension || !take(at, see_u8(at, extension + 1, 0xff) * 8))
				return false;
			next = see_u8(at, extension, 0xff);
			continue;
		case IPPROTO_FRAGMENT:
			extension = take(at, 8);
			if (!extension)
				return false;
			offset = see_be16(at, extension + 2, IP6_OFFSET | IP6_MF);
			walk->first = offset == IP6_MF;
			walk->later = offset & IP6_OFFSET;
			walk->id = be32_at(extension + 4);
			next = see_u8(at, extension, 0xff);
			if (walk->later)
				break;
			continue;
		}
		break;
	}
	key->protocol = next;
	return i < EXTENSIONS;
}

static void datagram_of(const struct falcon_key *key, const struct ip_walk *walk,
			struct falcon_datagram *datagram)
{
	datagram->id = walk->id;
	/* It may differ between fragments of one IPv6 datagram (RFC 8200, section 4.5). */
	datagram->protocol = key->family == 4 ? key->protocol : 0;
	memcpy(datagram->saddr, key->saddr, sizeof(key->saddr));
	memcpy(datagram->daddr, key->daddr, sizeof(key->daddr));
}

/* Walk one IP header, into a key that is cleared first. */
static bool walk_ip(struct cursor *at, u16 protocol, struct falcon_packet *packet,
		    struct ip_walk *walk)
{
	bool known;

	memset(&packet->key, 0, sizeof(packet->key));
	memset(walk, 0, sizeof(*walk));
	if (protocol == ETH_P_IP)
		known = walk_ipv4(at, &packet->key, walk);
	else
		known = protocol == ETH_P_IPV6 && walk_ipv6(at, &packet->key, walk);

	if (known && walk->first && packet->firsts < 2)
		datagram_of(&packet->key, walk, &packet->first[packet->firsts++]);
	if (known && walk->later)
		datagram_of(&packet->key, walk, &packet->later);
	return known;
}

static bool skip_vlan(struct cursor *at, u16 *protocol)
{
	const u8 *tag;
	unsigned int i;

	for (i = 0; i < VLAN_TAGS && (*protocol == ETH_P_8021Q || *protocol == ETH_P_8021AD); i++) {
		tag = take(at, VLAN_HLEN);
		if (!tag)
			return false;
		*protocol = see_be16(at, tag + 2, 0xffff);
	}
	return true;
}

static bool skip_ethernet(struct cursor *at, u16 *protocol)
{
	const u8 *header = take(at, ETH_HLEN);

	if (!header)
		return false;
	*protocol = see_be16(at, header + 2 * ETH_ALEN, 0xffff);
	return skip_vlan(at, protocol);
}

/* Skip the Ethernet header if the tunnel's header says that one follows. */
static bool skip_payload_type(struct cursor *at, u16 *protocol)
{
	return *protocol == ETH_P_TEB ? skip_ethernet(at, protocol) : true;
}

/* VXLAN and GENEVE have the VNI at the same offset. */
static bool skip_udp_tunnel(struct cursor *at, u8 kind, u16 *protocol, u32 *vni)
{
	bool geneve = kind == FALCON_ENCAP_GENEVE;
	const u8 *header = take(at, geneve ? GENEVE_HEADER : VXLAN_HEADER);
	u8 options;

	if (!header)
		return false;
	*vni = see_be24(at, header + 4);
	if (!geneve) {
		*protocol = ETH_P_TEB;
		return see_u8(at, header, VXLAN_FLAG_VNI | VXLAN_FLAG_GPE) == VXLAN_FLAG_VNI;
	}
	*protocol = see_be16(at, header + 2, 0xffff);
	options = see_u8(at, header, 0xff);
	return !(options & ~GENEVE_OPTIONS) && take(at, options * 4);
}

static bool skip_gre(struct cursor *at, u16 *protocol, u32 *vni)
{
	const u8 *header = take(at, GRE_HEADER), *option;
	unsigned int options;
	u8 flags;

	if (!header)
		return false;
	flags = see_u8(at, header, 0xff);
	/*
	 * The tunnel may check sequence numbers over all flows that it carries, and would drop late
	 * packets. Packets of different flows are late as soon as they are on different CPUs.
	 */
	if (flags & (GRE_UNKNOWN | GRE_SEQUENCE) || see_u8(at, header + 1, GRE_VERSION))
		return false;
	options = 4 * (!!(flags & GRE_CHECKSUM) + !!(flags & GRE_KEY));
	*protocol = see_be16(at, header + 2, 0xffff);
	option = take(at, options);
	if (option && flags & GRE_KEY)
		*vni = see_be24(at, option + 4 * !!(flags & GRE_CHECKSUM) + 1);
	return option;
}

/*
 * Skip from behind a tunnel's outer IP header to the packet that it carries. Return: false if the
 * tunnel is none of @tunnels.
 */
static bool skip_tunnel(struct cursor *at, const struct falcon_tunnels *tunnels, u8 outer,
			u16 *protocol, struct falcon_packet *packet)
{
	const struct udphdr *udp;
	unsigned int i;

	switch (outer) {
	case IPPROTO_UDP:
		udp = take(at, sizeof(*udp));
		if (!udp)
			return false;
		mark(at, (const u8 *)&udp->dest, sizeof(udp->dest), 0xff);
		for (i = 0; i < tunnels->ports; i++)
			if (tunnels->port[i].port == udp->dest)
				break;
		if (i == tunnels->ports)
			return false;
		packet->encap.kind = tunnels->port[i].kind;
		packet->encap.port = udp->dest;
		return skip_udp_tunnel(at, packet->encap.kind, protocol, &packet->vni) &&
		       skip_payload_type(at, protocol);
	case IPPROTO_GRE:
		packet->encap.kind = FALCON_ENCAP_GRE;
		return tunnels->kind[FALCON_ENCAP_GRE] && skip_gre(at, protocol, &packet->vni) &&
		       skip_payload_type(at, protocol);
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		packet->encap.kind = FALCON_ENCAP_IP;
		*protocol = outer == IPPROTO_IPIP ? ETH_P_IP : ETH_P_IPV6;
		return tunnels->kind[FALCON_ENCAP_IP];
	default:
		return false;
	}
}

bool falcon_packet_has_ports(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

static enum falcon_packet_kind parse(struct cursor *at, __be16 protocol,
				     const struct falcon_tunnels *tunnels,
				     struct falcon_packet *packet)
{
	u16 type = be16_to_cpu(protocol);
	struct ip_walk walk;
	const u8 *ports;

	packet->firsts = 0;
	packet->vni = FALCON_NO_VNI;
	packet->outer_dscp = FALCON_NO_DSCP;
	packet->encap = (struct falcon_encap){};
	if (!skip_vlan(at, &type) || !walk_ip(at, type, packet, &walk))
		return FALCON_PACKET_UNKNOWN;

	if (tunnels) {
		if (walk.later)
			return FALCON_PACKET_FRAGMENT;
		packet->outer_dscp = walk.dscp;
		if (!skip_tunnel(at, tunnels, packet->key.protocol, &type, packet))
			return at->cut ? FALCON_PACKET_UNKNOWN : FALCON_PACKET_PLAIN;
		if (!walk_ip(at, type, packet, &walk))
			return FALCON_PACKET_UNKNOWN;
	}

	mark(at, walk.addresses, packet->key.family == 4 ? 8 : 32, 0xff);
	packet->dscp = walk.dscp;
	if (walk.later)
		return FALCON_PACKET_FRAGMENT;
	if (falcon_packet_has_ports(packet->key.protocol)) {
		ports = take(at, 4);
		if (!ports)
			return FALCON_PACKET_UNKNOWN;
		mark(at, ports, 4, 0xff);
		memcpy(&packet->key.sport, ports, 2);
		memcpy(&packet->key.dport, ports + 2, 2);
	}
	return FALCON_PACKET_FLOW;
}

enum falcon_packet_kind falcon_packet_parse(const u8 *data, unsigned int len, __be16 protocol,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_packet *packet)
{
	struct cursor at = { .data = data, .len = len, .begin = data };

	return parse(&at, protocol, tunnels, packet);
}

enum falcon_packet_kind falcon_packet_mark(const u8 *data, unsigned int len, __be16 protocol,
					   const struct falcon_tunnels *tunnels,
					   struct falcon_packet *packet,
					   struct falcon_marks *marks)
{
	struct cursor at = { .data = data, .len = len, .begin = data, .marks = marks };
	enum falcon_packet_kind kind;

	memset(marks, 0, sizeof(*marks));
	kind = parse(&at, protocol, tunnels, packet);
	marks->len = at.data - data;
	return kind;
}

/* Fixed offsets: outer IPv4, UDP, VXLAN, Ethernet, inner IPv4, ports. */
#define QUICK_UDP	20
#define QUICK_VXLAN	28
#define QUICK_ETHERNET	36
#define QUICK_IP	50
#define QUICK_PORTS	70
#define QUICK_LEN	74

/* True if there are no options, and it is no fragment. */
static bool is_plain_ipv4(const struct iphdr *ip)
{
	return *(const u8 *)ip == 0x45 && !(ip->frag_off & cpu_to_be16(IP_MF | IP_OFFSET));
}

enum falcon_packet_kind falcon_packet_quick(const u8 *data, unsigned int len,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_tuple *tuple)
{
	const struct iphdr *outer = (const void *)data;
	const struct iphdr *inner = (const void *)(data + QUICK_IP);
	const struct udphdr *udp = (const void *)(data + QUICK_UDP);
	unsigned int i;

	if (len < QUICK_VXLAN || !is_plain_ipv4(outer))
		return FALCON_PACKET_UNKNOWN;
	if (outer->protocol == IPPROTO_TCP)
		return FALCON_PACKET_PLAIN;
	if (outer->protocol != IPPROTO_UDP)
		return FALCON_PACKET_UNKNOWN;
	for (i = 0; i < tunnels->ports; i++)
		if (tunnels->port[i].port == udp->dest)
			break;
	if (i == tunnels->ports)
		return FALCON_PACKET_PLAIN;

	if (len < QUICK_LEN || tunnels->port[i].kind != FALCON_ENCAP_VXLAN ||
	    (data[QUICK_VXLAN] & (VXLAN_FLAG_VNI | VXLAN_FLAG_GPE)) != VXLAN_FLAG_VNI ||
	    be16_at(data + QUICK_ETHERNET + 2 * ETH_ALEN) != ETH_P_IP ||
	    !is_plain_ipv4(inner) ||
	    (inner->protocol != IPPROTO_TCP && inner->protocol != IPPROTO_UDP))
		return FALCON_PACKET_UNKNOWN;
	tuple->saddr = inner->saddr;
	tuple->daddr = inner->daddr;
	memcpy(&tuple->sport, data + QUICK_PORTS, 2);
	memcpy(&tuple->dport, data + QUICK_PORTS + 2, 2);
	tuple->protocol = inner->protocol;
	tuple->vni = be32_at(data + QUICK_VXLAN + 4) >> 8;
	return FALCON_PACKET_FLOW;
}
