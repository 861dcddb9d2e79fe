/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the flow of an skb: reads headers wherever they are, and lets fragments follow the first.
 */

#ifndef _FALCON_KEY_H
#define _FALCON_KEY_H

#include <linux/if_ether.h>
#include <linux/skbuff.h>

#include "flow/packet.h"

/*
 * Find the bytes from the network header on that can be read in place, as GRO's frag0. @framed: the
 * Ethernet header is in front of them, as in packets for napi_gro_frags(). Return: false if there
 * are none.
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

/* ETH_P_ of the network header that falcon_key_headers() found. */
static inline __be16 falcon_key_protocol(const struct sk_buff *skb, bool framed,
					 const u8 *data)
{
	return framed ? ((const struct ethhdr *)(data - ETH_HLEN))->h_proto : skb->protocol;
}

/**
 * falcon_identify() - find the flow of an skb
 * @skb: packet, data at the network header
 * @framed: data is at the Ethernet header instead, as in packets for napi_gro_frags()
 * @tunnels: look into these encapsulations, and at nothing else; NULL: look at the packet's own
 *	headers
 * @packet: result, as of falcon_packet_parse()
 * @networks: true if equal addresses in two virtual networks are two flows
 * @hash: result: hash of the flow; 0 if there is none, or for a later fragment if its first one was
 *	not seen, or belongs to no flow
 *
 * Context: BH. Return: the kind of packet.
 */
enum falcon_packet_kind falcon_identify(const struct sk_buff *skb, bool framed,
					const struct falcon_tunnels *tunnels,
					struct falcon_packet *packet, bool networks, u32 *hash);

/**
 * falcon_identify_datagrams() - let later fragments follow this packet
 * @packet: as falcon_identify() found it
 * @hash: hash of its flow; 0: later fragments belong to no flow
 *
 * Call this for every packet of any kind. Identifications come round, so the fragments of a new
 * datagram could otherwise follow an old one to its flow.
 *
 * Context: BH.
 */
void falcon_identify_datagrams(const struct falcon_packet *packet, u32 hash);

#endif /* _FALCON_KEY_H */
