/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way past the tunnel's GRO cell, and the change between the two ways: through the cell, and
 * past it. Packets on one way must not overtake packets on the other. So after a change packets
 * wait before a gate, one per CPU, until all earlier packets have left the cell and the backlog.
 */

#ifndef _FALCON_GRO_BYPASS_H
#define _FALCON_GRO_BYPASS_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

/**
 * falcon_gro_bypass_alloc() - make a gate for every possible CPU
 * @dummy: device for the gates' NAPI instances
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int falcon_gro_bypass_alloc(struct net_device *dummy);

/* Free the gates, and packets that still wait there. Context: process; no new packet comes. */
void falcon_gro_bypass_free(void);

/**
 * falcon_gro_bypass_change() - let packets go past the cells from now on, or through them again
 * @epoch: as for falcon_gro_bypass_pass()
 *
 * Shuts the gate of every online CPU, even if no packet comes to that CPU.
 *
 * Context: process, while allocated.
 */
void falcon_gro_bypass_change(u32 epoch);

/* True if every online CPU's gate is open. Context: process, while allocated. */
bool falcon_gro_bypass_settled(void);

/* Drop the waiting packets of a device that goes. Context: process, while allocated. */
void falcon_gro_bypass_forget(const struct net_device *dev);

/* True if this CPU's packets go through the cell, and its gate is open. Context: BH. */
bool falcon_gro_bypass_is_through(void);

/**
 * falcon_gro_bypass_pass() - hand a packet past the cell
 * @skb: the packet, from a tunnel
 * @epoch: a number that is new each time packets begin to go past the cells; 0 when they must go
 *	through them again, as long as !falcon_gro_bypass_is_through()
 *
 * The packet takes the way that gro_cells_receive() itself takes for cloned packets: netif_rx().
 * While the gate is shut, the packet waits.
 *
 * Context: BH. Return: NET_RX_SUCCESS or NET_RX_DROP.
 */
int falcon_gro_bypass_pass(struct sk_buff *skb, u32 epoch);

/*
 * Do the cell's work for a packet that goes past it: forget the outer transport header. For a GSO
 * packet find the inner one; otherwise qdisc_pkt_len_init() takes the segments for malformed.
 * Context: BH.
 */
void falcon_gro_bypass_reset_transport(struct sk_buff *skb);

/*
 * The number of polls of one of falcon's NAPI instances after which all packets have left that were
 * in a cell of its CPU at the first poll. Nobody can look into a cell, so falcon counts. The cell
 * holds at most netdev_max_backlog packets. Between two polls of falcon's instance the kernel polls
 * the cell at least once, for 64 packets or until it is empty, since a CPU polls the instances that
 * have work in turn.
 */
u32 falcon_gro_bypass_cell_rounds(void);

#endif /* _FALCON_GRO_BYPASS_H */
