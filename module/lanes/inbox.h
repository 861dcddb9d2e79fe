/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's inbox: CPUs hand packets over without waiting for the flow's lock.
 *
 * A CPU posts a parcel, then tries the lock. If another CPU holds the lock, that CPU sees to the
 * parcel before it is done: after it has given the lock back it looks into the inbox once more
 * (falcon_inbox_retry()). Post and unlock are each followed by a full barrier before the other
 * side's word is read, so at least one of the two sees the other.
 *
 * Pure but for the lock, which is the caller's; compiled into the unit tests as it is.
 */

#ifndef _FALCON_INBOX_H
#define _FALCON_INBOX_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "core/chain.h"

/* All members 0 when empty. */
struct falcon_inbox {
	struct llist_head	parcels;	/* newest first */
	atomic_t		weight;		/* bytes; see falcon_inbox_weight() */
};

/**
 * falcon_inbox_post() - put packets into the inbox, as one parcel
 * @inbox: the inbox
 * @packets: at least one; moved from
 * @home: CPU that brings them
 *
 * The parcel lies in the first packet's cb, which GRO has not used yet.
 *
 * Context: softirq, without the lock. A full barrier.
 */
void falcon_inbox_post(struct falcon_inbox *inbox, struct falcon_chain *packets, u16 home);

static inline bool falcon_inbox_is_empty(const struct falcon_inbox *inbox)
{
	return llist_empty(&inbox->parcels);
}

/* Return: all parcels, oldest first, for falcon_inbox_unpack(); or NULL. Context: under the lock. */
struct llist_node *falcon_inbox_take(struct falcon_inbox *inbox);

/**
 * falcon_inbox_unpack() - open the next parcel of those taken
 * @inbox: the inbox
 * @taken: what falcon_inbox_take() returned; moved to the next parcel
 * @packets: result: its packets; empty before
 * @home: result: CPU that brought them
 *
 * Context: under the lock. Return: false if there is none left.
 */
bool falcon_inbox_unpack(struct falcon_inbox *inbox, struct llist_node **taken,
			 struct falcon_chain *packets, u16 *home);

/*
 * What the parcels weigh that nobody has unpacked: their memory in bytes, and for each packet at
 * least its part of what a flow may have in flight. So a bound in bytes bounds the packets, too.
 * Context: any.
 */
static inline u32 falcon_inbox_weight(const struct falcon_inbox *inbox)
{
	return atomic_read(&inbox->weight);
}

/**
 * falcon_inbox_retry() - whether the inbox needs the caller once more
 * @inbox: the inbox
 * @lock: given back just now
 *
 * If another CPU gets the lock first, the inbox is that CPU's.
 *
 * Return: true with the lock taken again.
 */
static inline bool falcon_inbox_retry(const struct falcon_inbox *inbox, spinlock_t *lock)
{
	smp_mb();	/* pairs with llist_add() in falcon_inbox_post(), a full barrier */
	return !falcon_inbox_is_empty(inbox) && spin_trylock(lock);
}

#endif /* _FALCON_INBOX_H */
