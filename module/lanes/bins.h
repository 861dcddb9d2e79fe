/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packets of flows in lanes that the NIC's poll on a CPU has brought so far. Each flow has a
 * bin, which the gate hands over behind the poll. Only the CPU touches its bins, with BH off.
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

#define FALCON_BINS 16	/* flows that one poll can collect at a time; a power of two */

struct falcon_bin {
	struct falcon_flow	*flow;		/* with a reference; NULL when free */
	u32			hash;		/* of the flow; 0 when free, which no flow has */
	u8			prio;		/* of the flow when it got the bin */
	struct falcon_chain	packets;
};

/* All members 0 when empty. */
struct falcon_bins {
	struct falcon_bin	bin[FALCON_BINS];
	u16			of_prio[FALCON_PRIOS];		/* bits of the bins in use */
	unsigned long		prios;		/* bits of the priorities with bins in use */
	struct falcon_strays	strays;		/* packets of flows that had left */
};

/* The only bin that may have a flow's packets: it has if its hash is the flow's. */
static inline struct falcon_bin *falcon_bin_of(struct falcon_bins *bins, u32 hash)
{
	return &bins->bin[hash % FALCON_BINS];
}

/* Hand over the packets of a full bin. The flow keeps the bin, for its next packet. */
void falcon_bin_empty_full(struct falcon_bins *bins, struct falcon_bin *bin);

/* Add a packet of the bin's flow. */
static inline void falcon_bin_add(struct falcon_bins *bins, struct falcon_bin *bin,
				  struct sk_buff *skb)
{
	/* Only the packets before this one: a program at GRO's entry may still read this one. */
	if (unlikely(bin->packets.count >= FALCON_RUN_MAX))
		falcon_bin_empty_full(bins, bin);
	falcon_chain_add(&bin->packets, skb);
}

/**
 * falcon_bins_take() - get a bin for a flow's first packet in a poll
 * @bins: this CPU's
 * @hash: of the flow
 * @flow: the flow; takes over the reference
 *
 * If another flow has the bin, its packets are handed over. Return: the bin.
 */
struct falcon_bin *falcon_bins_take(struct falcon_bins *bins, u32 hash,
				    struct falcon_flow *flow);

/* Queue a packet of a flow that has left, behind its earlier packets of this poll (stray.h). */
void falcon_bins_stray(struct falcon_bins *bins, struct sk_buff *skb);

/* Hand over all collected packets, the highest priority first. @runner: this CPU's */
void falcon_bins_empty(struct falcon_bins *bins, struct falcon_runner *runner);

/*
 * Drop all collected packets and strays. Context: BH off; nobody collects any more. Return: the
 * number of packets.
 */
unsigned int falcon_bins_drop(struct falcon_bins *bins);

/*
 * Hand a flow's packets over, and give its reference back. @runner: this CPU's, to process some of
 * them here and now; or NULL
 */
void falcon_bins_hand_over(struct falcon_bins *bins, struct falcon_flow *flow,
			   struct falcon_chain *packets, struct falcon_runner *runner);

/* Count packets that are taken. @rule: number of their flow's rule, or 0 */
void falcon_count_taken(u32 rule, unsigned int count);

#endif /* _FALCON_BINS_H */
