// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>
#include <linux/skbuff.h>

#include "lanes/inbox.h"
#include "policy/policy.h"

/* Packets in the inbox. Lies in the cb of their first one, which GRO has not used yet. */
struct parcel {
	struct llist_node	node;
	struct sk_buff		*last;
	unsigned int		count;
	u32			bytes;
	u16			home;
};

static u32 weight_of(const struct parcel *parcel)
{
	return max(parcel->bytes, parcel->count * (FALCON_BUDGET_BYTES / FALCON_BUDGET_PACKETS));
}

void falcon_inbox_post(struct falcon_inbox *inbox, struct falcon_chain *packets, u16 home)
{
	struct parcel *parcel = (struct parcel *)packets->first->cb;

	BUILD_BUG_ON(sizeof(*parcel) > sizeof(packets->first->cb));
	parcel->last = packets->last;
	parcel->count = packets->count;
	parcel->bytes = packets->bytes;
	parcel->home = home;
	*packets = (struct falcon_chain){};
	atomic_add(weight_of(parcel), &inbox->weight);
	llist_add(&parcel->node, &inbox->parcels);
}

struct llist_node *falcon_inbox_take(struct falcon_inbox *inbox)
{
	return llist_reverse_order(llist_del_all(&inbox->parcels));
}

bool falcon_inbox_unpack(struct falcon_inbox *inbox, struct llist_node **taken,
			 struct falcon_chain *packets, u16 *home)
{
	struct parcel *parcel;
	struct sk_buff *skb;

	if (!*taken)
		return false;
	parcel = llist_entry(*taken, struct parcel, node);
	*taken = parcel->node.next;
	skb = container_of((char (*)[sizeof(skb->cb)])parcel, struct sk_buff, cb);
	packets->first = skb;
	packets->last = parcel->last;
	packets->count = parcel->count;
	packets->bytes = parcel->bytes;
	*home = parcel->home;
	atomic_sub(weight_of(parcel), &inbox->weight);
	return true;
}
