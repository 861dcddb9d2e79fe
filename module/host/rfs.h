/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where applications run, as the kernel notes it for RFS (Documentation/networking/scaling.rst):
 * recvmsg() writes its CPU into a table that net.core.rps_sock_flow_entries sizes, by the hash that
 * the socket's packets had. Without a table nobody knows.
 */

#ifndef _FALCON_RFS_H
#define _FALCON_RFS_H

#include <linux/jump_label.h>
#include <linux/skbuff.h>
#include <net/rps.h>

/*
 * Give a packet the hash that its socket is to remember, as the kernel does where a device has RPS
 * or RFS set. Context: any.
 */
static inline void falcon_rfs_note(struct sk_buff *skb)
{
	if (static_branch_unlikely(&rfs_needed))
		skb_get_hash(skb);
}

/**
 * falcon_rfs_cpu() - where the application of a flow received last
 * @hash: that its packets have, 0 for none
 *
 * Context: any. Return: the CPU, or FALCON_NO_CPU when nobody knows.
 */
u16 falcon_rfs_cpu(u32 hash);

#endif /* _FALCON_RFS_H */
