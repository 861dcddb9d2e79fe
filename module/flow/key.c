// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "flow/fragment.h"
#include "flow/hash.h"
#include "flow/key.h"

/* Parses a copy of headers that cannot be read in place, or not completely. */
static noinline enum falcon_packet_kind parse_copy(const struct sk_buff *skb, bool framed,
						   const struct falcon_tunnels *tunnels,
						   struct falcon_packet *packet)
{
	u8 copy[ETH_HLEN + FALCON_PACKET_BYTES];
	unsigned int len = min_t(unsigned int, skb->len, sizeof(copy));
	unsigned int skip = framed ? ETH_HLEN : 0;

	if (len < skip || skb_copy_bits(skb, 0, copy, len))
		return FALCON_PACKET_UNKNOWN;
	return falcon_packet_parse(copy + skip, len - skip,
				   falcon_key_protocol(skb, framed, copy + skip), tunnels,
				   packet);
}

static enum falcon_packet_kind parse(const struct sk_buff *skb, bool framed,
				     const struct falcon_tunnels *tunnels,
				     struct falcon_packet *packet)
{
	unsigned int whole = skb->len - (framed ? ETH_HLEN : 0);
	enum falcon_packet_kind kind = FALCON_PACKET_UNKNOWN;
	unsigned int len;
	const u8 *data;

	/* The linear part usually has all headers, but virtio_net may leave 14 bytes there. */
	if (falcon_key_headers(skb, framed, &data, &len) &&
	    len >= min_t(unsigned int, whole, FALCON_PACKET_USUAL)) {
		kind = falcon_packet_parse(data, min_t(unsigned int, len, FALCON_PACKET_BYTES),
					   falcon_key_protocol(skb, framed, data), tunnels,
					   packet);
		if (len >= min_t(unsigned int, whole, FALCON_PACKET_BYTES))
			return kind;
	}
	return kind != FALCON_PACKET_UNKNOWN ? kind : parse_copy(skb, framed, tunnels, packet);
}

enum falcon_packet_kind falcon_identify(const struct sk_buff *skb, bool framed,
					const struct falcon_tunnels *tunnels,
					struct falcon_packet *packet, bool networks, u32 *hash)
{
	enum falcon_packet_kind kind;

	packet->firsts = 0;	/* in case no byte is readable */
	kind = parse(skb, framed, tunnels, packet);
	*hash = 0;
	if (kind == FALCON_PACKET_FRAGMENT)
		*hash = falcon_fragment_later(&packet->later);
	else if (kind == FALCON_PACKET_FLOW)
		*hash = falcon_hash_key(&packet->key, networks ? packet->vni : FALCON_NO_VNI);
	return kind;
}

void falcon_identify_datagrams(const struct falcon_packet *packet, u32 hash)
{
	unsigned int i;

	for (i = 0; i < packet->firsts; i++)
		falcon_fragment_first(&packet->first[i], hash);
}
