/* SPDX-License-Identifier: GPL-2.0 */
/* Verifies the UDP checksum of packets that GRO does not look at. */

#ifndef _FALCON_CHECKSUM_H
#define _FALCON_CHECKSUM_H

#include <linux/skbuff.h>

/**
 * falcon_checksum_verify() - verify a packet's UDP checksum, as GRO would on the NIC's CPU
 * @skb: its data begins with the network header
 *
 * If nobody verifies the checksum before, recvmsg() does: it sums each byte while it copies, which
 * takes more than twice as long as the sum and the copy. A packet with a wrong checksum stays as it
 * is, so UDP drops and counts it. Packets without a checksum to verify stay as they are, too:
 * fragments, other protocols, packets that the NIC or GRO has verified.
 *
 * Context: any. Return: offset of the end of the UDP header from the packet's data; 0 if none was
 * found.
 */
unsigned int falcon_checksum_verify(struct sk_buff *skb);

#endif /* _FALCON_CHECKSUM_H */
