// SPDX-License-Identifier: GPL-2.0

#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "lanes/merge_dev.h"

#define BITS 8

/* Flows by a hash of their device; the last bucket has those of several devices. */
static struct bucket {
	spinlock_t		lock;	/* BH; within a flow's lock */
	struct list_head	merge_devs;
} buckets[(1 << BITS) + 1];

static struct bucket *bucket_of(const struct net_device *dev)
{
	return dev == FALCON_MERGE_DEV_SEVERAL ? &buckets[1 << BITS] : &buckets[hash_ptr(dev,
											 BITS)];
}

void falcon_merge_devs_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		spin_lock_init(&buckets[i].lock);
		INIT_LIST_HEAD(&buckets[i].merge_devs);
	}
}

void falcon_merge_dev_init(struct falcon_merge_dev *merge_dev)
{
	INIT_LIST_HEAD(&merge_dev->node);
	merge_dev->dev = NULL;
	merge_dev->walk = 0;
}

/* Context: under the locks of the entry's bucket and of @to. */
static void move(struct falcon_merge_dev *merge_dev, const struct net_device *dev,
		 struct bucket *to)
{
	if (merge_dev->dev)
		list_del_init(&merge_dev->node);
	merge_dev->dev = dev;
	/* In front of the entries that a walk has met: a walk that is under way meets this one. */
	merge_dev->walk = 0;
	if (to)
		list_add(&merge_dev->node, &to->merge_devs);
}

void falcon_merge_dev_set(struct falcon_merge_dev *merge_dev, const struct net_device *dev)
{
	struct bucket *from = merge_dev->dev ? bucket_of(merge_dev->dev) : NULL;
	struct bucket *to = dev ? bucket_of(dev) : NULL;
	struct bucket *first = from, *second = to;

	/*
	 * Under both locks, so that a reader always finds the entry in one of the buckets; taken in
	 * the order of addresses, so that two CPUs cannot deadlock.
	 */
	if (!first || (second && second < first))
		swap(first, second);
	if (!first)
		return;
	spin_lock(&first->lock);
	if (second && second != first) {
		spin_lock_nested(&second->lock, SINGLE_DEPTH_NESTING);
		move(merge_dev, dev, to);
		spin_unlock(&second->lock);
	} else {
		move(merge_dev, dev, to);
	}
	spin_unlock(&first->lock);
}

static bool has_any(struct bucket *bucket)
{
	bool any;

	spin_lock_bh(&bucket->lock);
	any = !list_empty(&bucket->merge_devs);
	spin_unlock_bh(&bucket->lock);
	return any;
}

bool falcon_merge_dev_is_used(const struct net_device *dev)
{
	return has_any(bucket_of(dev)) || has_any(bucket_of(FALCON_MERGE_DEV_SEVERAL));
}

struct falcon_merge_dev *falcon_merge_dev_next(const struct net_device *dev, u32 walk,
					       bool (*get)(struct falcon_merge_dev *merge_dev))
{
	struct falcon_merge_dev *merge_dev, *found = NULL;
	struct bucket *bucket = bucket_of(dev);

	spin_lock(&bucket->lock);
	list_for_each_entry(merge_dev, &bucket->merge_devs, node) {
		/* Entries that this walk has met are behind all others. */
		if (merge_dev->walk == walk)
			break;
		if (merge_dev->dev != dev || !get(merge_dev))
			continue;
		merge_dev->walk = walk;
		list_move_tail(&merge_dev->node, &bucket->merge_devs);
		found = merge_dev;
		break;
	}
	spin_unlock(&bucket->lock);
	return found;
}
