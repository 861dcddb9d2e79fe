// SPDX-License-Identifier: GPL-2.0

#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "lanes/outlet.h"

#define BITS 8

/* Flows by their device, and at the end those that have several. */
static struct bucket {
	spinlock_t		lock;	/* BH; within a flow's lock */
	struct list_head	outlets;
} buckets[(1 << BITS) + 1];

static struct bucket *bucket_of(const struct net_device *dev)
{
	return dev == FALCON_OUTLET_SEVERAL ? &buckets[1 << BITS] : &buckets[hash_ptr(dev, BITS)];
}

void falcon_outlets_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		spin_lock_init(&buckets[i].lock);
		INIT_LIST_HEAD(&buckets[i].outlets);
	}
}

void falcon_outlet_init(struct falcon_outlet *outlet)
{
	INIT_LIST_HEAD(&outlet->node);
	outlet->dev = NULL;
	outlet->walk = 0;
}

/* The caller has the locks of the bucket that the outlet is in, and of @to. */
static void move(struct falcon_outlet *outlet, const struct net_device *dev, struct bucket *to)
{
	if (outlet->dev)
		list_del_init(&outlet->node);
	outlet->dev = dev;
	/* In front of those that a walk has met, and so met by none. */
	outlet->walk = 0;
	if (to)
		list_add(&outlet->node, &to->outlets);
}

void falcon_outlet_set(struct falcon_outlet *outlet, const struct net_device *dev)
{
	struct bucket *from = outlet->dev ? bucket_of(outlet->dev) : NULL;
	struct bucket *to = dev ? bucket_of(dev) : NULL;
	struct bucket *first = from, *second = to;

	/* At once, as who looks has to find it in one of them; in the order of their addresses. */
	if (!first || (second && second < first))
		swap(first, second);
	if (!first)
		return;
	spin_lock(&first->lock);
	if (second && second != first) {
		spin_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);
		move(outlet, dev, to);
		spin_unlock(&second->lock);
	} else {
		move(outlet, dev, to);
	}
	spin_unlock(&first->lock);
}

static bool has_any(struct bucket *bucket)
{
	bool any;

	spin_lock_bh(&bucket->lock);
	any = !list_empty(&bucket->outlets);
	spin_unlock_bh(&bucket->lock);
	return any;
}

bool falcon_outlet_is_used(const struct net_device *dev)
{
	return has_any(bucket_of(dev)) || has_any(bucket_of(FALCON_OUTLET_SEVERAL));
}

struct falcon_outlet *falcon_outlet_next(const struct net_device *dev, u32 walk,
					 bool (*get)(struct falcon_outlet *outlet))
{
	struct falcon_outlet *outlet, *found = NULL;
	struct bucket *bucket = bucket_of(dev);

	spin_lock(&bucket->lock);
	list_for_each_entry(outlet, &bucket->outlets, node) {
		/* Those that it has met are behind all others. */
		if (outlet->walk == walk)
			break;
		if (outlet->dev != dev || !get(outlet))
			continue;
		outlet->walk = walk;
		list_move_tail(&outlet->node, &bucket->outlets);
		found = outlet;
		break;
	}
	spin_unlock(&bucket->lock);
	return found;
}
