/* SPDX-License-Identifier: GPL-2.0 */
/* Decides for each packet which CPU runs the next stage (mode pipeline). */

#ifndef _FALCON_STEER_H
#define _FALCON_STEER_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/rps.h>

/* Falcon does not steer this packet: let the kernel decide. */
#define FALCON_STEER_PASS (-2)

/**
 * falcon_steer() - answer get_rps_cpu() for packets of overlay flows
 * @dev: device on which the packet arrived
 * @skb: packet, data at the network header
 * @rflow: result: in it the kernel records the packet's position in the CPU's backlog
 *
 * Context: where get_rps_cpu() is called: RCU read section, BH or interrupts off.
 * Return: a CPU; -1 for "process it here" (netif_receive_skb()) or "queue it here"
 * (netif_rx()); FALCON_STEER_PASS.
 */
int falcon_steer(struct net_device *dev, struct sk_buff *skb, struct rps_dev_flow **rflow);

/**
 * falcon_steer_bypasses_gro() - test if a packet must go to falcon_gro_bypass_pass()
 * @skb: packet, from a tunnel
 * @epoch: result, if true: for falcon_gro_bypass_pass()
 *
 * The tunnel's GRO cell is of no use to a flow that GRO does not merge. The answer depends on flow
 * and tunnel alone, so it is the same for all packets of the flow. After the plan has stopped the
 * bypass, the answer stays true until this CPU's gate is open again: until then the gate keeps the
 * packets in order.
 *
 * Context: BH. Return: true if it must.
 */
bool falcon_steer_bypasses_gro(struct sk_buff *skb, u32 *epoch);

#endif /* _FALCON_STEER_H */
