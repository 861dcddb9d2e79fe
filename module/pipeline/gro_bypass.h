/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way past the tunnel's GRO cell, and the moments when packets begin and cease to take it:
 * those on the one way must not be overtaken by those on the other, so the first ones wait
 * before a gate until all that were before have left.
 */

#ifndef _FALCON_GRO_BYPASS_H
#define _FALCON_GRO_BYPASS_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

/**
 * falcon_gro_bypass_alloc() - a gate for every possible CPU
 * @dummy: device to hang NAPI instances on
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int falcon_gro_bypass_alloc(struct net_device *dummy);

/* Nothing waits any more, nothing comes. Context: process. */
void falcon_gro_bypass_free(void);

/**
 * falcon_gro_bypass_change() - packets begin to go past the cells, or through them again
 * @epoch: as for falcon_gro_bypass_pass()
 *
 * Shut the gate of every online CPU, also of those that no packet comes to.
 *
 * Context: process, while allocated.
 */
void falcon_gro_bypass_change(u32 epoch);

/* Whether nothing waits before a gate. Context: process, while allocated. */
bool falcon_gro_bypass_settled(void);

/* Drop what waits and refers to a device that goes. Context: process, while allocated. */
void falcon_gro_bypass_forget(const struct net_device *dev);

/* Whether packets go through this CPU's cell, and none waits to. Context: BH. */
bool falcon_gro_bypass_is_through(void);

/**
 * falcon_gro_bypass_pass() - hand a packet past the cell
 * @skb: the packet, from a tunnel
 * @epoch: changes whenever packets begin to go past; 0 when they are to go through again, and
 *	!falcon_gro_bypass_is_through()
 *
 * The other way that gro_cells_receive() has, which it takes itself for cloned packets. While
 * the gate is shut the packet waits.
 *
 * Context: BH. Return: NET_RX_SUCCESS or NET_RX_DROP.
 */
int falcon_gro_bypass_pass(struct sk_buff *skb, u32 epoch);

/*
 * What a cell would do for a packet that goes past it: forget the outer transport header,
 * and for a GSO packet find the inner one, or qdisc_pkt_len_init() takes its segments for
 * malformed. Context: BH.
 */
void falcon_gro_bypass_reset_transport(struct sk_buff *skb);

/*
 * Polls of a NAPI instance of falcon's after which everything that was in a cell of its CPU
 * has left. Nobody can look into a cell. It takes no more than netdev_max_backlog packets, and
 * is polled for 64, or until it is empty, at least once between two polls of another instance
 * on its CPU, since those that have work are polled in turn.
 */
u32 falcon_gro_bypass_cell_rounds(void);

#endif /* _FALCON_GRO_BYPASS_H */
