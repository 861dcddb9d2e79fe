// SPDX-License-Identifier: GPL-2.0
/*
 * The flow of a packet, read off its headers. skb_flow_dissect() would do it in several
 * times the time, stops at the outer UDP header and gives all fragments but the first
 * another flow.
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

#include "packet.h"

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

/* What is left of the packet. */
struct cursor {
	const u8	*data;
	unsigned int	len;
	bool		cut;	/* the packet ended inside a header */
};

/* The bytes of the next header, or NULL when the packet ends before. */
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

/* Where an IP header's walk ended. */
struct ip_walk {
	bool	first;	/* first fragment */
	bool	later;	/* later fragment: no transport header follows */
	u8	dscp;
	u32	id;
};

static bool walk_ipv4(struct cursor *at, struct falcon_key *key, struct ip_walk *walk)
{
	const struct iphdr *ip = take(at, sizeof(*ip));
	u16 offset;

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return false;
	if (!take(at, ip->ihl * 4 - sizeof(*ip)))
		return false;

	key->family = 4;
	key->protocol = ip->protocol;
	memcpy(key->saddr, &ip->saddr, sizeof(ip->saddr));
	memcpy(key->daddr, &ip->daddr, sizeof(ip->daddr));

	walk->dscp = ip->tos >> 2;
	offset = be16_at((const u8 *)&ip->frag_off);
	walk->first = (offset & (IP_MF | IP_OFFSET)) == IP_MF;
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

	if (!ip || ip->version != 6)
		return false;

	key->family = 6;
	memcpy(key->saddr, &ip->saddr, sizeof(ip->saddr));
	memcpy(key->daddr, &ip->daddr, sizeof(ip->daddr));

	walk->dscp = be16_at((const u8 *)ip) >> 6 & 0x3f;
	next = ip->nexthdr;
	for (i = 0; i < EXTENSIONS; i++) {
		switch (next) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			extension = take(at, 8);
			if (!extension || !take(at, extension[1] * 8))
				return false;
			next = extension[0];
			continue;
		case IPPROTO_FRAGMENT:
			extension = take(at, 8);
			if (!extension)
				return false;
			offset = be16_at(extension + 2);
			walk->first = (offset & (IP6_OFFSET | IP6_MF)) == IP6_MF;
			walk->later = offset & IP6_OFFSET;
			walk->id = be32_at(extension + 4);
			next = extension[0];
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
	/* Fragments of an IPv6 datagram may differ in it (RFC 8200, section 4.5). */
	datagram->protocol = key->family == 4 ? key->protocol : 0;
	memcpy(datagram->saddr, key->saddr, sizeof(key->saddr));
	memcpy(datagram->daddr, key->daddr, sizeof(key->daddr));
}

/* One IP header, into a key that it clears first. */
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
		*protocol = be16_at(tag + 2);
	}
	return true;
}

static bool skip_ethernet(struct cursor *at, u16 *protocol)
{
	const u8 *header = take(at, ETH_HLEN);

	if (!header)
		return false;
	*protocol = be16_at(header + 2 * ETH_ALEN);
	return skip_vlan(at, protocol);
}

/* What a tunnel's header says that follows. */
static bool skip_payload_type(struct cursor *at, u16 *protocol)
{
	return *protocol == ETH_P_TEB ? skip_ethernet(at, protocol) : true;
}

/* VXLAN and GENEVE have it at the same place. */
static bool skip_udp_tunnel(struct cursor *at, bool geneve, u16 *protocol, u32 *vni)
{
	const u8 *header = take(at, geneve ? GENEVE_HEADER : VXLAN_HEADER);

	if (!header)
		return false;
	*vni = be32_at(header + 4) >> 8;
	if (!geneve) {
		*protocol = ETH_P_TEB;
		return (header[0] & (VXLAN_FLAG_VNI | VXLAN_FLAG_GPE)) == VXLAN_FLAG_VNI;
	}
	*protocol = be16_at(header + 2);
	return !(header[0] & ~GENEVE_OPTIONS) && take(at, (header[0] & GENEVE_OPTIONS) * 4);
}

static bool skip_gre(struct cursor *at, u16 *protocol, u32 *vni)
{
	const u8 *header = take(at, GRE_HEADER), *option;
	unsigned int options;

	if (!header || header[0] & GRE_UNKNOWN || header[1] & GRE_VERSION)
		return false;
	options = 4 * (!!(header[0] & GRE_CHECKSUM) + !!(header[0] & GRE_KEY) +
		       !!(header[0] & GRE_SEQUENCE));
	*protocol = be16_at(header + 2);
	option = take(at, options);
	if (option && header[0] & GRE_KEY)
		*vni = be32_at(option + 4 * !!(header[0] & GRE_CHECKSUM)) & 0xffffff;
	return option;
}

/* From a tunnel's outer IP header to what it carries; false when it is none of @tunnels. */
static bool skip_tunnel(struct cursor *at, const struct falcon_tunnels *tunnels, u8 outer,
			u16 *protocol, u32 *vni)
{
	const struct udphdr *udp;
	unsigned int i;

	switch (outer) {
	case IPPROTO_UDP:
		udp = take(at, sizeof(*udp));
		if (!udp)
			return false;
		for (i = 0; i < tunnels->ports; i++)
			if (tunnels->port[i].port == udp->dest)
				return skip_udp_tunnel(at, tunnels->port[i].geneve, protocol,
						       vni) &&
				       skip_payload_type(at, protocol);
		return false;
	case IPPROTO_GRE:
		return tunnels->gre && skip_gre(at, protocol, vni) &&
		       skip_payload_type(at, protocol);
	case IPPROTO_IPIP:
		*protocol = ETH_P_IP;
		return tunnels->ip_in_ip;
	case IPPROTO_IPV6:
		*protocol = ETH_P_IPV6;
		return tunnels->ip_in_ip;
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

enum falcon_packet_kind falcon_packet_parse(const u8 *data, unsigned int len, __be16 protocol,
					    const struct falcon_tunnels *tunnels,
					    struct falcon_packet *packet)
{
	struct cursor at = { .data = data, .len = len };
	u16 type = be16_to_cpu(protocol);
	struct ip_walk walk;
	const u8 *ports;

	packet->firsts = 0;
	packet->vni = FALCON_NO_VNI;
	packet->outer_dscp = FALCON_NO_DSCP;
	if (!skip_vlan(&at, &type) || !walk_ip(&at, type, packet, &walk))
		return FALCON_PACKET_UNKNOWN;

	if (tunnels) {
		if (walk.later)
			return FALCON_PACKET_FRAGMENT;
		packet->outer_dscp = walk.dscp;
		if (!skip_tunnel(&at, tunnels, packet->key.protocol, &type, &packet->vni))
			return at.cut ? FALCON_PACKET_UNKNOWN : FALCON_PACKET_PLAIN;
		if (!walk_ip(&at, type, packet, &walk))
			return FALCON_PACKET_UNKNOWN;
	}

	packet->dscp = walk.dscp;
	if (walk.later)
		return FALCON_PACKET_FRAGMENT;
	if (falcon_packet_has_ports(packet->key.protocol)) {
		ports = take(&at, 4);
		if (!ports)
			return FALCON_PACKET_UNKNOWN;
		memcpy(&packet->key.sport, ports, 2);
		memcpy(&packet->key.dport, ports + 2, 2);
	}
	return FALCON_PACKET_FLOW;
}

/* Outer IPv4, UDP, VXLAN, Ethernet, inner IPv4, ports: at fixed places. */
#define QUICK_UDP	20
#define QUICK_VXLAN	28
#define QUICK_ETHERNET	36
#define QUICK_IP	50
#define QUICK_PORTS	70
#define QUICK_LEN	74

/* No options, and neither a first nor a later fragment. */
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

	if (len < QUICK_LEN || tunnels->port[i].geneve ||
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
