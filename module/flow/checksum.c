// SPDX-License-Identifier: GPL-2.0

#include <linux/if_vlan.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "flow/checksum.h"

/* Where a UDP datagram begins, and the sum of its pseudo header. */
struct datagram {
	int		offset;
	unsigned int	len;
	__wsum		pseudo;
};

static bool find_in_ipv4(const struct sk_buff *skb, int offset, struct datagram *datagram)
{
	const struct iphdr *header;
	struct iphdr copy;

	header = skb_header_pointer(skb, offset, sizeof(copy), &copy);
	if (!header || header->version != 4 || header->ihl < 5 ||
	    header->protocol != IPPROTO_UDP || ip_is_fragment(header))
		return false;
	datagram->offset = offset + header->ihl * 4;
	/* A length that is too small wraps around, and equals no length in a UDP header. */
	datagram->len = ntohs(header->tot_len) - header->ihl * 4;
	datagram->pseudo = csum_tcpudp_nofold(header->saddr, header->daddr, datagram->len,
					      IPPROTO_UDP, 0);
	return true;
}

static bool find_in_ipv6(const struct sk_buff *skb, int offset, struct datagram *datagram)
{
	const struct ipv6hdr *header;
	struct ipv6hdr copy;

	header = skb_header_pointer(skb, offset, sizeof(copy), &copy);
	if (!header || header->version != 6 || header->nexthdr != IPPROTO_UDP)
		return false;
	datagram->offset = offset + sizeof(*header);
	datagram->len = ntohs(header->payload_len);
	datagram->pseudo = ~csum_unfold(csum_ipv6_magic(&header->saddr, &header->daddr,
							datagram->len, IPPROTO_UDP, 0));
	return true;
}

static bool find(const struct sk_buff *skb, struct datagram *datagram)
{
	__be16 protocol = skb->protocol;
	const struct vlan_hdr *vlan;
	struct vlan_hdr copy;
	int offset = 0;

	if (eth_type_vlan(protocol)) {
		vlan = skb_header_pointer(skb, 0, sizeof(copy), &copy);
		if (!vlan)
			return false;
		protocol = vlan->h_vlan_encapsulated_proto;
		offset = VLAN_HLEN;
	}
	switch (protocol) {
	case htons(ETH_P_IP):
		return find_in_ipv4(skb, offset, datagram);
	case htons(ETH_P_IPV6):
		return find_in_ipv6(skb, offset, datagram);
	default:
		return false;
	}
}

/* True if there is a UDP checksum, and it covers everything that IP hands to UDP. */
static bool has_checksum(const struct sk_buff *skb, const struct datagram *datagram)
{
	const struct udphdr *header;
	struct udphdr copy;

	header = skb_header_pointer(skb, datagram->offset, sizeof(copy), &copy);
	return header && header->check && ntohs(header->len) == datagram->len &&
	       datagram->len >= sizeof(*header) &&
	       datagram->len <= skb->len - datagram->offset;
}

static __wsum sum_of(const struct sk_buff *skb, const struct datagram *datagram)
{
	/* The tunnel's checksum was verified, so the sum of everything that it covered is known. */
	if (skb->ip_summed == CHECKSUM_COMPLETE &&
	    datagram->offset + datagram->len == skb->len)
		return csum_sub(skb->csum, skb_checksum(skb, 0, datagram->offset, 0));
	return skb_checksum(skb, datagram->offset, datagram->len, 0);
}

/* csum_valid says nothing: it may be about the tunnel's checksum, and UDP clears it first. */
static bool is_open(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_NONE || skb->ip_summed == CHECKSUM_COMPLETE;
}

unsigned int falcon_checksum_verify(struct sk_buff *skb)
{
	struct datagram datagram;

	if (skb_is_gso(skb) || !find(skb, &datagram))
		return 0;
	if (is_open(skb) && has_checksum(skb, &datagram) &&
	    !csum_fold(csum_add(datagram.pseudo, sum_of(skb, &datagram)))) {
		/* As GRO leaves it. CHECKSUM_COMPLETE would not survive a bridge. */
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = 0;
	}
	return datagram.offset + sizeof(struct udphdr);
}
