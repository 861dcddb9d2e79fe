/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way past the tunnel's GRO cell, and the moment when flows begin to take it: packets in
 * the cell must not be overtaken, so the first ones wait until those have left.
 */

#ifndef _FALCON_CELL_H
#define _FALCON_CELL_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

/**
 * falcon_cells_alloc() - a gate for every possible CPU
 * @dummy: device to hang NAPI instances on
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int falcon_cells_alloc(struct net_device *dummy);

/* Nothing waits any more, nothing comes. Context: process. */
void falcon_cells_free(void);

/*
 * Packets begin to go past the cells: shut the gate of every online CPU until its cell is
 * empty of those before. Context: process, while allocated.
 */
void falcon_cells_begin(u32 epoch);

/* Whether nothing waits before a gate. Context: process, while allocated. */
bool falcon_cells_settled(void);

/* Drop what refers to a device that goes. Context: process, while allocated. */
void falcon_cells_forget(void);

/**
 * falcon_cell_pass() - hand a packet past the cell
 * @skb: the packet, from a tunnel
 * @epoch: changes whenever packets begin to go past
 *
 * The other way that gro_cells_receive() has, which it takes itself for cloned packets.
 *
 * Context: BH. Return: NET_RX_SUCCESS or NET_RX_DROP.
 */
int falcon_cell_pass(struct sk_buff *skb, u32 epoch);

/*
 * What a cell would do for a packet that goes past it: forget the outer transport header,
 * and for a GSO packet find the inner one, or qdisc_pkt_len_init() takes its segments for
 * malformed. Context: BH.
 */
void falcon_cell_reset_transport(struct sk_buff *skb);

/*
 * Polls of a NAPI instance of falcon's after which everything that was in a cell of its CPU
 * has left. Nobody can look into a cell. It takes no more than netdev_max_backlog packets, and
 * is polled for 64, or until it is empty, at least once between two polls of another instance
 * on its CPU, since those that have work are polled in turn.
 */
u32 falcon_cell_rounds(void);

#endif /* _FALCON_CELL_H */
