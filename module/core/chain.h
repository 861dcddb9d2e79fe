/* SPDX-License-Identifier: GPL-2.0 */
/* Packets in a row. Pure: compiled into the unit tests as it is. */

#ifndef _FALCON_CHAIN_H
#define _FALCON_CHAIN_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct net_device;

/*
 * Linked by skb->next; all members 0 when empty. Nobody changes a packet while it
 * is in one.
 */
struct falcon_chain {
	struct sk_buff	*first;
	struct sk_buff	*last;
	unsigned int	count;
	u32		bytes;		/* of memory: the sum of truesize */
};

/* Put a chain behind another one, and empty it. */
void falcon_chain_splice(struct falcon_chain *to, struct falcon_chain *from);

/* Take the first @count packets off @from, in addition to what @to has. */
void falcon_chain_cut(struct falcon_chain *to, struct falcon_chain *from, unsigned int count);

/* Take packets off @from until these are @count, or have @bytes or more. */
void falcon_chain_cut_to(struct falcon_chain *to, struct falcon_chain *from, unsigned int count,
			 u32 bytes);

/**
 * falcon_chain_cut_of() - take packets of a device out of a chain
 * @to: behind what is there
 * @from: the chain; others stay in it, in order
 * @dev: the device
 * @most: packets that @to is to have, at most, but if others are before or among those in @from
 *
 * Return: whether there may be more.
 */
bool falcon_chain_cut_of(struct falcon_chain *to, struct falcon_chain *from,
			 const struct net_device *dev, unsigned int most);

static inline void falcon_chain_add(struct falcon_chain *chain, struct sk_buff *skb)
{
	skb->next = NULL;
	if (chain->last)
		chain->last->next = skb;
	else
		chain->first = skb;
	chain->last = skb;
	chain->count++;
	chain->bytes += skb->truesize;
}

static inline struct sk_buff *falcon_chain_pop(struct falcon_chain *chain)
{
	struct sk_buff *skb = chain->first;

	if (!skb)
		return NULL;
	chain->first = skb->next;
	if (!chain->first)
		chain->last = NULL;
	chain->count--;
	chain->bytes -= skb->truesize;
	skb->next = NULL;
	return skb;
}

#endif /* _FALCON_CHAIN_H */
