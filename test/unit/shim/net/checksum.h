/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_CHECKSUM_H
#define _SHIM_CHECKSUM_H

#include <linux/types.h>

static inline __sum16 csum_fold(__wsum sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

static inline __wsum csum_unfold(__sum16 sum)
{
	return sum;
}

static inline __wsum csum_add(__wsum sum, __wsum more)
{
	sum += more;
	return sum + (sum < more);
}

static inline __wsum csum_sub(__wsum sum, __wsum less)
{
	return csum_add(sum, ~less);
}

#endif
