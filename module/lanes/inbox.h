/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's inbox: CPUs hand packets over without waiting for the flow's lock.
 *
 * A CPU posts a parcel, then tries the lock. If another CPU holds the lock, that CPU unpacks the
 * parcel: after it has given the lock back, it looks into the inbox once more
 * (falcon_inbox_retry()). A full barrier is between post and trylock, another between unlock and
 * look. So the holder sees the parcel, or the poster sees the lock free.
 *
 * Pure but for the lock, which is the caller's: the unit tests compile it as it is.
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
	atomic_t		weight;		/* for falcon_inbox_weight() */
};

/**
 * falcon_inbox_post() - put packets into the inbox, as one parcel
 * @inbox: the inbox
 * @packets: at least one; moved from
 * @home: this CPU, which brings them
 *
 * Implies a full barrier after the post.
 *
 * Context: softirq; needs no lock.
 */
void falcon_inbox_post(struct falcon_inbox *inbox, struct falcon_chain *packets, u16 home);

/* True if the inbox has no parcel. Context: any. */
static inline bool falcon_inbox_is_empty(const struct falcon_inbox *inbox)
{
	return llist_empty(&inbox->parcels);
}

/* Take all parcels for falcon_inbox_unpack(), oldest first; or NULL. Context: under the lock. */
struct llist_node *falcon_inbox_take(struct falcon_inbox *inbox);

/**
 * falcon_inbox_unpack() - open the next parcel of those taken
 * @inbox: the inbox
 * @taken: from falcon_inbox_take(); moved on to the next parcel
 * @packets: result: the parcel's packets; previous content is overwritten
 * @home: result: CPU that brought them
 *
 * Context: under the lock. Return: false if no parcel is left.
 */
bool falcon_inbox_unpack(struct falcon_inbox *inbox, struct llist_node **taken,
			 struct falcon_chain *packets, u16 *home);

/*
 * The weight of all parcels that are not unpacked: their memory in bytes, where a packet counts as
 * FALCON_BUDGET_BYTES / FALCON_BUDGET_PACKETS at least. So a limit in bytes also limits packets,
 * and thereby how long the CPU that unpacks them holds the lock. Context: any.
 */
static inline u32 falcon_inbox_weight(const struct falcon_inbox *inbox)
{
	return atomic_read(&inbox->weight);
}

/**
 * falcon_inbox_retry() - look into the inbox after unlocking, and lock again if it has parcels
 * @inbox: the inbox
 * @lock: that the caller has just given back
 *
 * If another CPU gets the lock first, that CPU unpacks the parcels.
 *
 * Return: true if the caller holds the lock again, and must unpack.
 */
static inline bool falcon_inbox_retry(const struct falcon_inbox *inbox, spinlock_t *lock)
{
	smp_mb();	/* pairs with llist_add() in falcon_inbox_post(), a full barrier */
	return !falcon_inbox_is_empty(inbox) && spin_trylock(lock);
}

#endif /* _FALCON_INBOX_H */
