// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "core/chain.h"

void falcon_chain_splice(struct falcon_chain *to, struct falcon_chain *from)
{
	if (!from->first)
		return;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	to->count += from->count;
	to->bytes += from->bytes;
	*from = (struct falcon_chain){};
}

void falcon_chain_cut(struct falcon_chain *to, struct falcon_chain *from, unsigned int count)
{
	falcon_chain_cut_to(to, from, count, U32_MAX);
}

void falcon_chain_cut_to(struct falcon_chain *to, struct falcon_chain *from, unsigned int count,
			 u32 bytes)
{
	struct falcon_chain part = {};
	struct sk_buff *skb;

	if (count >= from->count && bytes >= from->bytes) {
		falcon_chain_splice(to, from);
		return;
	}
	for (skb = from->first; skb && part.count < count && part.bytes < bytes; skb = skb->next) {
		part.last = skb;
		part.count++;
		part.bytes += skb->truesize;
	}
	if (!part.last)
		return;
	part.first = from->first;
	from->first = part.last->next;
	from->count -= part.count;
	from->bytes -= part.bytes;
	part.last->next = NULL;
	falcon_chain_splice(to, &part);
}

bool falcon_chain_cut_of(struct falcon_chain *to, struct falcon_chain *from,
			 const struct net_device *dev, unsigned int most)
{
	struct falcon_chain kept = {};
	struct sk_buff *skb;
	bool more;

	while ((kept.count || to->count < most) && (skb = falcon_chain_pop(from)))
		falcon_chain_add(skb->dev == dev ? to : &kept, skb);
	more = from->count;
	falcon_chain_splice(&kept, from);
	falcon_chain_splice(from, &kept);
	return more;
}
