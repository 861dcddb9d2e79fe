/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where applications run, as the kernel records it for RFS (Documentation/networking/scaling.rst).
 * recvmsg() writes its CPU into a table, at the hash of the socket's packets.
 * net.core.rps_sock_flow_entries sizes the table. Without a table the CPU is unknown.
 */

#ifndef _FALCON_RFS_H
#define _FALCON_RFS_H

#include <linux/jump_label.h>
#include <linux/skbuff.h>
#include <net/rps.h>

/*
 * Give a packet the hash that its socket will remember, as the kernel does on a device with RPS or
 * RFS. Context: any.
 */
static inline void falcon_rfs_note(struct sk_buff *skb)
{
	if (static_branch_unlikely(&rfs_needed))
		skb_get_hash(skb);
}

/**
 * falcon_rfs_cpu() - the CPU on which a flow's application last received
 * @hash: hash of the flow's packets, 0 for none
 *
 * Context: any. Return: the CPU, or FALCON_NO_CPU if it is unknown.
 */
u16 falcon_rfs_cpu(u32 hash);

#endif /* _FALCON_RFS_H */
