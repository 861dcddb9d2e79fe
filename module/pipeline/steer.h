/* SPDX-License-Identifier: GPL-2.0 */
/* The decision, packet by packet, which CPU runs the next stage. */

#ifndef _FALCON_STEER_H
#define _FALCON_STEER_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/rps.h>

/* The packet is none of falcon's business: let the kernel decide. */
#define FALCON_STEER_PASS (-2)

/**
 * falcon_steer() - answer get_rps_cpu() for packets of overlay flows
 * @dev: device that the packet arrived on
 * @skb: packet, data at the network header
 * @rflow: result: where the kernel records the place in the CPU's backlog
 *
 * Context: where get_rps_cpu() is called: RCU read section, BH or interrupts off.
 * Return: a CPU; -1 for "process it here" (netif_receive_skb()) or "queue it here"
 * (netif_rx()); FALCON_STEER_PASS.
 */
int falcon_steer(struct net_device *dev, struct sk_buff *skb, struct rps_dev_flow **rflow);

/**
 * falcon_steer_bypasses_gro() - whether a packet need not go through its tunnel's GRO cell
 * @skb: packet, from a tunnel
 * @epoch: result: for falcon_gro_bypass_pass()
 *
 * It need not when GRO does not merge its flow; the answer is the same for all its packets. Nor
 * may it as long as others that did not are still on their way.
 *
 * Context: BH.
 */
bool falcon_steer_bypasses_gro(struct sk_buff *skb, u32 *epoch);

#endif /* _FALCON_STEER_H */
