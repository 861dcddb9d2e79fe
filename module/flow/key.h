/* SPDX-License-Identifier: GPL-2.0 */
/* Which flow an skb belongs to: headers wherever they are, fragments with the first one. */

#ifndef _FALCON_KEY_H
#define _FALCON_KEY_H

#include <linux/if_ether.h>
#include <linux/skbuff.h>

#include "flow/packet.h"

/*
 * The bytes from the network header on that can be read in place, as GRO's frag0. False when there
 * are none. @framed: the Ethernet header is in front of them, as in what napi_gro_frags() is given.
 */
static __always_inline bool falcon_key_headers(const struct sk_buff *skb, bool framed,
					       const u8 **data, unsigned int *len)
{
	unsigned int skip = framed ? ETH_HLEN : 0;

	*data = skb->data;
	*len = skb_headlen(skb);
	if (!*len) {
		if (!skb_shinfo(skb)->nr_frags)
			return false;
		*len = skb_frag_size(&skb_shinfo(skb)->frags[0]);
		*data = skb_frag_address(&skb_shinfo(skb)->frags[0]);
		if (!*data)
			return false;
	}
	if (*len < skip)
		return false;
	*len -= skip;
	*data += skip;
	return true;
}

/* ETH_P_ of the network header that falcon_key_headers() has found. */
static inline __be16 falcon_key_protocol(const struct sk_buff *skb, bool framed,
					 const u8 *data)
{
	return framed ? ((const struct ethhdr *)(data - ETH_HLEN))->h_proto : skb->protocol;
}

/**
 * falcon_identify() - the flow of an skb
 * @skb: packet, data at the network header
 * @framed: data is at the Ethernet header instead, as in what napi_gro_frags() is given
 * @tunnels: look into these encapsulations, and at nothing else; NULL for its own headers
 * @packet: result: as falcon_packet_parse()
 * @networks: whether flows of two virtual networks are two, whatever their addresses
 * @hash: result: of the flow; 0 when there is none, or for a fragment whose first one was
 *	not seen, or not said to belong to a flow
 *
 * Context: BH. Return: what the packet is.
 */
enum falcon_packet_kind falcon_identify(const struct sk_buff *skb, bool framed,
					const struct falcon_tunnels *tunnels,
					struct falcon_packet *packet, bool networks, u32 *hash);

/**
 * falcon_identify_datagrams() - later fragments of what this packet begins belong to a flow
 * @packet: as falcon_identify() found it
 * @hash: of the flow; 0: they are to be left alone
 *
 * For every packet, whatever it is: identifications come round, and what an older datagram was
 * said to belong to is not where the later fragments of this one are to go.
 *
 * Context: BH.
 */
void falcon_identify_datagrams(const struct falcon_packet *packet, u32 hash);

#endif /* _FALCON_KEY_H */
