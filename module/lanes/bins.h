/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the NIC's poll on a CPU has brought so far of flows in lanes: a bin of packets for each of
 * them, which is handed over behind the poll. Touched by its CPU with BH off.
 */

#ifndef _FALCON_BINS_H
#define _FALCON_BINS_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "core/chain.h"
#include "lanes/prio_queue.h"
#include "lanes/reorder.h"
#include "lanes/stray.h"
#include "rules/priority.h"

struct falcon_runner;
struct falcon_flow;

#define FALCON_BINS 16	/* flows that one poll is collected for, a power of two */

struct falcon_bin {
	struct falcon_flow	*flow;		/* with a reference; NULL when free */
	u32			hash;		/* 0 when free, which no flow has */
	u8			prio;		/* of priority */
	struct falcon_chain	packets;
};

/* All members 0 when empty. */
struct falcon_bins {
	struct falcon_bin	bin[FALCON_BINS];
	u16			of_prio[FALCON_PRIOS];		/* bits of the bins in use */
	unsigned long		prios;		/* bits of those that have some */
	struct falcon_strays	strays;		/* of flows that had left */
};

/* The bin that a flow's packets are in, if it has the flow's hash. */
static inline struct falcon_bin *falcon_bin_of(struct falcon_bins *bins, u32 hash)
{
	return &bins->bin[hash % FALCON_BINS];
}

/* Hand over what a full bin has; what comes next is of the same flow: the bin stays its own. */
void falcon_bin_empty_full(struct falcon_bins *bins, struct falcon_bin *bin);

/* A packet of the bin's flow. */
static inline void falcon_bin_add(struct falcon_bins *bins, struct falcon_bin *bin,
				  struct sk_buff *skb)
{
	/* Those before it: this one is still for a program at GRO's entry to read. */
	if (unlikely(bin->packets.count >= FALCON_RUN_MAX))
		falcon_bin_empty_full(bins, bin);
	falcon_chain_add(&bin->packets, skb);
}

/**
 * falcon_bins_take() - a bin for a flow of which the poll has brought nothing yet
 * @bins: this CPU's
 * @hash: of the flow
 * @elephant: the flow; takes over the reference
 *
 * What another flow has there is handed over. Return: the bin.
 */
struct falcon_bin *falcon_bins_take(struct falcon_bins *bins, u32 hash,
				    struct falcon_flow *flow);

/* A packet whose flow has left goes behind what the poll had brought of it (stray.h). */
void falcon_bins_stray(struct falcon_bins *bins, struct sk_buff *skb);

/* Hand over what was collected, the highest class first. @context: this CPU's */
void falcon_bins_empty(struct falcon_bins *bins, struct falcon_runner *runner);

/* Hand packets over; gives the flow's reference back. @context: this CPU's; NULL: not now */
void falcon_bins_hand_over(struct falcon_bins *bins, struct falcon_flow *flow,
			   struct falcon_chain *packets, struct falcon_runner *runner);

/* Packets are taken. @rule: that has brought their flow into lanes, or 0 */
void falcon_count_taken(u32 rule, unsigned int count);

#endif /* _FALCON_BINS_H */
