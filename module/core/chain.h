/* SPDX-License-Identifier: GPL-2.0 */
/* A chain of packets. Pure: compiled into the unit tests as it is. */

#ifndef _FALCON_CHAIN_H
#define _FALCON_CHAIN_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct net_device;

/*
 * Linked by skb->next. All members are 0 when the chain is empty. Nobody changes a packet while it
 * is in a chain.
 */
struct falcon_chain {
	struct sk_buff	*first;
	struct sk_buff	*last;
	unsigned int	count;
	u32		bytes;		/* of memory: the sum of truesize */
};

/* Append a chain to another one, and empty it. */
void falcon_chain_splice(struct falcon_chain *to, struct falcon_chain *from);

/* Move the first @count packets of @from to the end of @to. */
void falcon_chain_cut(struct falcon_chain *to, struct falcon_chain *from, unsigned int count);

/*
 * Move packets from the front of @from to the end of @to, until these are @count packets, or have
 * @bytes or more.
 */
void falcon_chain_cut_to(struct falcon_chain *to, struct falcon_chain *from, unsigned int count,
			 u32 bytes);

/**
 * falcon_chain_cut_of() - move a device's packets out of a chain
 * @to: gets them, behind its own
 * @from: the chain; packets of other devices stay in it, in order
 * @dev: the device
 * @most: stop when @to has this many packets; from the first packet of another device on there is
 *	no limit
 *
 * Return: true if @from may have more packets of the device.
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
