/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_IP_H
#define _SHIM_IP_H

#include <stdbool.h>
#include <asm/byteorder.h>
#include <linux/ip.h>
#include <net/checksum.h>

/* More fragments, or an offset. */
static inline bool ip_is_fragment(const struct iphdr *header)
{
	return header->frag_off & htons(0x3fff);
}

static inline __wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, __u32 len, __u8 protocol,
					__wsum sum)
{
	sum = csum_add(csum_add(sum, saddr), daddr);
	return csum_add(sum, htonl(len + protocol));
}

#endif
