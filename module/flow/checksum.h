/* SPDX-License-Identifier: GPL-2.0 */
/* UDP's checksum of packets that GRO does not look at. */

#ifndef _FALCON_CHECKSUM_H
#define _FALCON_CHECKSUM_H

#include <linux/skbuff.h>

/**
 * falcon_checksum_verify() - check a packet's UDP checksum, as GRO would have on the NIC's CPU
 * @skb: its data begin with the network header
 *
 * If nobody verifies it before, recvmsg() does: it then sums each byte that it copies, which takes
 * more than twice as long as the sum and the copy. A packet with a wrong checksum stays as it is,
 * so that UDP drops it and counts it. So do packets that have no checksum to verify here:
 * fragments, other protocols, those that the NIC or GRO has verified.
 *
 * Context: any. Return: where UDP's header ends, from the packet's data on; 0 when it has none.
 */
unsigned int falcon_checksum_verify(struct sk_buff *skb);

#endif /* _FALCON_CHECKSUM_H */
