// SPDX-License-Identifier: GPL-2.0

#include <linux/bitops.h>

#include "core/stats.h"
#include "lanes/bins.h"
#include "lanes/elephant.h"
#include "lanes/roster.h"
#include "rules/priority.h"

void falcon_count_taken(u32 rule, unsigned int count)
{
	falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_TAKEN, count);
	if (rule)
		falcon_priority_count(rule, count);
}

void falcon_bins_hand_over(struct falcon_bins *bins, struct falcon_elephant *elephant,
			   struct falcon_chain *packets, struct falcon_context *context)
{
	falcon_count_taken(READ_ONCE(elephant->priority.rule), packets->count);
	/* It may have left since: nothing of it is in flight. */
	if (!falcon_elephant_take(elephant, packets, context))
		falcon_chain_splice(&bins->strays.packets, packets);
	falcon_roster_put(elephant);
}

static void occupy(struct falcon_bins *bins, struct falcon_bin *bin)
{
	bin->class = READ_ONCE(bin->elephant->priority.class);
	bins->of_class[bin->class] |= BIT(bin - bins->bin);
	bins->classes |= BIT(bin->class);
}

static void empty_bin(struct falcon_bins *bins, struct falcon_bin *bin,
		      struct falcon_context *context)
{
	struct falcon_elephant *elephant = bin->elephant;
	struct falcon_chain packets = bin->packets;

	bins->of_class[bin->class] &= ~BIT(bin - bins->bin);
	if (!bins->of_class[bin->class])
		bins->classes &= ~BIT(bin->class);
	*bin = (struct falcon_bin){};
	falcon_bins_hand_over(bins, elephant, &packets, context);
}

void falcon_bins_empty(struct falcon_bins *bins, struct falcon_context *context)
{
	unsigned int class;

	while (bins->classes) {
		class = __fls(bins->classes);
		empty_bin(bins, &bins->bin[__ffs(bins->of_class[class])], context);
	}
}

void falcon_bin_empty_full(struct falcon_bins *bins, struct falcon_bin *bin)
{
	struct falcon_chain packets = bin->packets;

	bin->packets = (struct falcon_chain){};
	refcount_inc(&bin->elephant->refs);
	falcon_bins_hand_over(bins, bin->elephant, &packets, NULL);
}

/* Another flow comes to the bin. If its own one has left, what comes of that must be behind. */
static void evict(struct falcon_bins *bins, struct falcon_bin *bin)
{
	unsigned int strays = bins->strays.packets.count;
	u32 hash = bin->hash;

	empty_bin(bins, bin, NULL);
	if (unlikely(bins->strays.packets.count != strays))
		falcon_strays_expect(&bins->strays, hash);
}

struct falcon_bin *falcon_bins_take(struct falcon_bins *bins, u32 hash,
				    struct falcon_elephant *elephant)
{
	struct falcon_bin *bin = falcon_bin_of(bins, hash);

	if (bin->elephant)
		evict(bins, bin);
	bin->elephant = elephant;
	bin->hash = hash;
	occupy(bins, bin);
	return bin;
}

void falcon_bins_stray(struct falcon_bins *bins, struct sk_buff *skb)
{
	falcon_count_taken(0, 1);
	falcon_chain_add(&bins->strays.packets, skb);
}
