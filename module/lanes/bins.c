// SPDX-License-Identifier: GPL-2.0

#include <linux/bitops.h>

#include "core/stats.h"
#include "lanes/bins.h"
#include "lanes/drop.h"
#include "lanes/flow_list.h"
#include "lanes/transit.h"
#include "rules/priority.h"

void falcon_count_taken(u32 rule, unsigned int count)
{
	falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_TAKEN, count);
	if (rule)
		falcon_priority_count(rule, count);
}

void falcon_bins_hand_over(struct falcon_bins *bins, struct falcon_flow *flow,
			   struct falcon_chain *packets, struct falcon_runner *runner)
{
	falcon_count_taken(READ_ONCE(flow->priority.rule), packets->count);
	/* If the flow has left meanwhile it has nothing in flight: its packets become strays. */
	if (!falcon_transit_take(flow, packets, runner))
		falcon_chain_splice(&bins->strays.packets, packets);
	falcon_flow_put(flow);
}

static void occupy(struct falcon_bins *bins, struct falcon_bin *bin)
{
	bin->prio = READ_ONCE(bin->flow->priority.prio);
	bins->of_prio[bin->prio] |= BIT(bin - bins->bin);
	bins->prios |= BIT(bin->prio);
}

static void empty_bin(struct falcon_bins *bins, struct falcon_bin *bin,
		      struct falcon_runner *runner)
{
	struct falcon_chain packets = bin->packets;
	struct falcon_flow *flow = bin->flow;

	bins->of_prio[bin->prio] &= ~BIT(bin - bins->bin);
	if (!bins->of_prio[bin->prio])
		bins->prios &= ~BIT(bin->prio);
	*bin = (struct falcon_bin){};
	falcon_bins_hand_over(bins, flow, &packets, runner);
}

void falcon_bins_empty(struct falcon_bins *bins, struct falcon_runner *runner)
{
	unsigned int prio;

	while (bins->prios) {
		prio = __fls(bins->prios);
		empty_bin(bins, &bins->bin[__ffs(bins->of_prio[prio])], runner);
	}
}

unsigned int falcon_bins_drop(struct falcon_bins *bins)
{
	/* The strays have been counted as taken. */
	unsigned int dropped = bins->strays.packets.count;
	struct falcon_bin *bin;

	falcon_drop_gone(&bins->strays.packets, FALCON_STAGE_NIC);
	for (bin = bins->bin; bin < bins->bin + FALCON_BINS; bin++) {
		if (likely(!bin->flow))
			continue;
		dropped += bin->packets.count;
		falcon_count_taken(READ_ONCE(bin->flow->priority.rule), bin->packets.count);
		falcon_drop_gone(&bin->packets, FALCON_STAGE_NIC);
		falcon_flow_put(bin->flow);
	}
	*bins = (struct falcon_bins){};
	return dropped;
}

void falcon_bin_empty_full(struct falcon_bins *bins, struct falcon_bin *bin)
{
	struct falcon_chain packets = bin->packets;

	bin->packets = (struct falcon_chain){};
	refcount_inc(&bin->flow->refs);
	falcon_bins_hand_over(bins, bin->flow, &packets, NULL);
}

/*
 * Empty the bin for another flow. If its own flow has left, these packets become strays, and the
 * flow's next ones must stay behind them.
 */
static void evict(struct falcon_bins *bins, struct falcon_bin *bin)
{
	unsigned int strays = bins->strays.packets.count;
	u32 hash = bin->hash;

	empty_bin(bins, bin, NULL);
	if (unlikely(bins->strays.packets.count != strays))
		falcon_strays_expect(&bins->strays, hash);
}

struct falcon_bin *falcon_bins_take(struct falcon_bins *bins, u32 hash,
				    struct falcon_flow *flow)
{
	struct falcon_bin *bin = falcon_bin_of(bins, hash);

	if (bin->flow)
		evict(bins, bin);
	bin->flow = flow;
	bin->hash = hash;
	occupy(bins, bin);
	return bin;
}

void falcon_bins_stray(struct falcon_bins *bins, struct sk_buff *skb)
{
	falcon_count_taken(0, 1);
	falcon_chain_add(&bins->strays.packets, skb);
}
