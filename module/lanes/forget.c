// SPDX-License-Identifier: GPL-2.0

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "host/device.h"
#include "lanes/doorbell.h"
#include "lanes/drop.h"
#include "lanes/elephant.h"
#include "lanes/forget.h"
#include "lanes/inbox.h"
#include "lanes/lane.h"
#include "lanes/merge.h"
#include "lanes/outlet.h"
#include "lanes/roster.h"
#include "lanes/table.h"
#include "pipeline/cell.h"

/* Packets of a device for which a flow is locked at a time: what a poll takes. */
#define PORTION NAPI_POLL_WEIGHT

static void forget_nics(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, forget_nics);

static LIST_HEAD(gone);			/* NICs, since the mark */
static LIST_HEAD(flushing);		/* those before it; the work's */
static DEFINE_SPINLOCK(gone_lock);	/* process; of @gone */

/* What no worker has begun with. */
static bool cut_waiting(struct falcon_elephant *elephant, const struct net_device *dev,
			struct falcon_chain *cut)
{
	bool more = falcon_chain_cut_of(cut, &elephant->waiting, dev, PORTION);
	struct falcon_run *run;
	unsigned int before;
	u32 number;

	for (number = elephant->merge.head; number != elephant->merge.tail && !more; number++) {
		run = falcon_merge_run(&elephant->merge, number);
		if (run->state != FALCON_RUN_QUEUED)
			continue;
		before = cut->count;
		more = falcon_chain_cut_of(cut, &run->packets, dev, PORTION);
		falcon_lane_add(run->worker, before - cut->count);
	}
	return more;
}

/* What is to be delivered. */
static bool cut_merged(struct falcon_elephant *elephant, const struct net_device *dev,
		       struct falcon_chain *cut)
{
	bool more = falcon_chain_cut_of(cut, &elephant->ready, dev, PORTION);
	struct falcon_run *run;
	u32 number;

	for (number = elephant->merge.head; number != elephant->merge.tail && !more; number++) {
		run = falcon_merge_run(&elephant->merge, number);
		if (run->state == FALCON_RUN_DONE)
			more = falcon_chain_cut_of(cut, &run->packets, dev, PORTION);
	}
	if (!more && elephant->outlet.dev == dev)
		falcon_outlet_set(&elephant->outlet, NULL);
	return more;
}

/*
 * A portion at a time, so that nobody waits for long, and dropped when the flow is not locked.
 * Nothing new comes: what is left after the last portion is of other devices.
 */
static void forget(struct falcon_elephant *elephant, const struct net_device *dev,
			    enum falcon_stage stage)
{
	struct falcon_chain cut = {};
	bool more;

	do {
		falcon_inbox_lock(elephant);
		more = stage == FALCON_STAGE_NIC ? cut_waiting(elephant, dev, &cut) :
						   cut_merged(elephant, dev, &cut);
		falcon_inbox_unlock(elephant);
		falcon_drop_gone(&cut, stage);
		cond_resched();
	} while (more);
}

static struct falcon_elephant *of(struct falcon_outlet *outlet)
{
	return container_of(outlet, struct falcon_elephant, outlet);
}

/* Each flow that is to be locked, once. */
static bool hold_to_forget(struct falcon_outlet *outlet)
{
	return refcount_inc_not_zero(&of(outlet)->refs);
}

/* In the flows that have packets for @outlet, of which @dev is one. */
static void forget_outlet(const struct net_device *outlet, const struct net_device *dev, u32 walk)
{
	struct falcon_outlet *found;

	for (;;) {
		local_bh_disable();
		found = falcon_outlet_next(outlet, walk, hold_to_forget);
		local_bh_enable();
		if (!found)
			return;
		forget(of(found), dev, FALCON_STAGE_CONTAINER);
		local_bh_disable();
		falcon_roster_put(of(found));
		local_bh_enable();
	}
}

void falcon_forget(const struct net_device *dev)
{
	static u32 walk;	/* under RTNL */

	if (likely(!falcon_outlet_is_used(dev)))
		return;
	if (falcon_table_hold()) {
		walk = walk + 1 ?: 1;
		/* In this order: a flow may come to have several meanwhile, not the other way. */
		forget_outlet(dev, dev, walk);
		forget_outlet(FALCON_OUTLET_SEVERAL, dev, walk);
	}
	falcon_table_release();
}

void falcon_forget_tunnel(const struct net_device *dev)
{
	if (falcon_table_hold())
		falcon_cells_forget(dev);
	falcon_table_release();
}

static void forget_nic(const struct net_device *dev)
{
	struct falcon_elephant *elephant = NULL;

	if (falcon_table_hold())
		while ((elephant = falcon_roster_next(elephant)))
			forget(elephant, dev, FALCON_STAGE_NIC);
	falcon_table_release();
}

/* Whether all is in the flows' hands that was collected before these went. */
static bool are_flushed(bool begin)
{
	bool flushed = true;

	if (falcon_table_hold())
		flushed = falcon_doorbells_are_flushed(begin);
	falcon_table_release();
	return flushed;
}

static void free_nics(struct list_head *nics)
{
	struct falcon_device *device, *next;

	list_for_each_entry_safe(device, next, nics, gone_node) {
		list_del(&device->gone_node);
		netdev_put(device->dev, &device->tracker);
		kfree_rcu(device, rcu);
	}
}

static void forget_nics(struct work_struct *unused)
{
	bool begin = list_empty(&flushing), more;
	struct falcon_device *device;

	if (begin) {
		spin_lock(&gone_lock);
		list_splice_init(&gone, &flushing);
		spin_unlock(&gone_lock);
	}
	if (!are_flushed(begin)) {
		schedule_delayed_work(&work, 1);
		return;
	}
	list_for_each_entry(device, &flushing, gone_node)
		forget_nic(device->dev);
	/* What workers had begun with. */
	synchronize_net();
	free_nics(&flushing);

	spin_lock(&gone_lock);
	more = !list_empty(&gone);
	spin_unlock(&gone_lock);
	if (more)
		schedule_delayed_work(&work, 0);
}

void falcon_forget_nic(struct falcon_device *device)
{
	netdev_hold(device->dev, &device->tracker, GFP_KERNEL);
	spin_lock(&gone_lock);
	list_add_tail(&device->gone_node, &gone);
	spin_unlock(&gone_lock);
	schedule_delayed_work(&work, 0);
}

void falcon_forget_exit(void)
{
	cancel_delayed_work_sync(&work);
	free_nics(&flushing);
	free_nics(&gone);
}
