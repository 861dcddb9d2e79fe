// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "fragment.h"
#include "hash.h"
#include "identity.h"

static enum falcon_packet_kind parse(const struct sk_buff *skb,
				     const struct falcon_tunnels *tunnels,
				     struct falcon_packet *packet)
{
	unsigned int linear = min_t(unsigned int, skb_headlen(skb), FALCON_PACKET_BYTES);
	enum falcon_packet_kind kind = FALCON_PACKET_UNKNOWN;
	u8 copy[FALCON_PACKET_BYTES];
	unsigned int len;

	/* virtio_net may leave 14 bytes in the linear part, which usually has all headers. */
	if (linear >= FALCON_PACKET_USUAL || !skb_is_nonlinear(skb))
		kind = falcon_packet_parse(skb->data, linear, skb->protocol, tunnels, packet);
	if (kind != FALCON_PACKET_UNKNOWN || !skb_is_nonlinear(skb))
		return kind;

	len = min_t(unsigned int, skb->len, sizeof(copy));
	if (skb_copy_bits(skb, 0, copy, len))
		return FALCON_PACKET_UNKNOWN;
	return falcon_packet_parse(copy, len, skb->protocol, tunnels, packet);
}

enum falcon_packet_kind falcon_identify(const struct sk_buff *skb,
					const struct falcon_tunnels *tunnels,
					struct falcon_packet *packet, bool networks, u32 *hash)
{
	enum falcon_packet_kind kind;

	packet->firsts = 0;	/* should no byte of it be readable */
	kind = parse(skb, tunnels, packet);
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
