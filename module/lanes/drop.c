// SPDX-License-Identifier: GPL-2.0

#include <linux/skbuff.h>

#include "core/chain.h"
#include "core/stats.h"
#include "lanes/drop.h"

void falcon_drop_gone(struct falcon_chain *packets, enum falcon_stage stage)
{
	struct sk_buff *skb;

	falcon_count_more(stage, FALCON_A_COUNTERS_DROPPED_GONE, packets->count);
	while ((skb = falcon_chain_pop(packets)))
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
}

void falcon_drop_full(struct falcon_chain *packets)
{
	struct sk_buff *skb;

	falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_DROPPED_FULL, packets->count);
	while ((skb = falcon_chain_pop(packets)))
		kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
}
