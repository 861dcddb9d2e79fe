/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SKBUFF_H
#define _SHIM_SKBUFF_H

#include <stdbool.h>
#include <string.h>
#include <linux/types.h>

enum {
	CHECKSUM_NONE,
	CHECKSUM_UNNECESSARY,
	CHECKSUM_COMPLETE,
	CHECKSUM_PARTIAL,
};

/* The fields that falcon's pure parts use. A test may embed this structure in its own. */
struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	char cb[48] __attribute__((aligned(8)));
	const unsigned char *data;
	unsigned int len;
	unsigned int truesize;
	__be16 protocol;
	__u8 ip_summed;
	__u8 csum_level;
	__wsum csum;
	bool gso;
};

static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return skb->gso;
}

/* Always copies, as for a packet in fragments. */
static inline void *skb_header_pointer(const struct sk_buff *skb, int offset, int len, void *buffer)
{
	if (offset < 0 || len > (int)skb->len - offset)
		return NULL;
	return memcpy(buffer, skb->data + offset, len);
}

/* The test defines it. */
__wsum skb_checksum(const struct sk_buff *skb, int offset, int len, __wsum sum);

#endif
