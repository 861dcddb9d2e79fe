/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_IP6_CHECKSUM_H
#define _SHIM_IP6_CHECKSUM_H

#include <asm/byteorder.h>
#include <linux/in6.h>
#include <net/checksum.h>

static inline __sum16 csum_ipv6_magic(const struct in6_addr *saddr, const struct in6_addr *daddr,
				      __u32 len, __u8 protocol, __wsum sum)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		sum = csum_add(csum_add(sum, saddr->s6_addr32[i]), daddr->s6_addr32[i]);
	return csum_fold(csum_add(csum_add(sum, htonl(len)), htonl(protocol)));
}

#endif
