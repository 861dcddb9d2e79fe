// SPDX-License-Identifier: GPL-2.0

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "host/device.h"
#include "lanes/drop.h"
#include "lanes/flow_list.h"
#include "lanes/flow_table.h"
#include "lanes/forget.h"
#include "lanes/gate.h"
#include "lanes/handover.h"
#include "lanes/lane.h"
#include "lanes/merge_dev.h"
#include "lanes/reorder.h"
#include "lanes/transit.h"
#include "pipeline/gro_bypass.h"

/* Packets of a device to take out of a flow while it is locked: as many as a poll takes. */
#define PORTION NAPI_POLL_WEIGHT

static void forget_nics(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, forget_nics);

static LIST_HEAD(gone);			/* NICs that went since the work began */
static LIST_HEAD(flushing);		/* NICs that went before; for the work only */
static DEFINE_SPINLOCK(gone_lock);	/* process; of @gone */

/* Take out packets that no worker has started with. Returns whether there may be more. */
static bool cut_waiting(struct falcon_flow *flow, const struct net_device *dev,
			struct falcon_chain *cut)
{
	bool more = falcon_chain_cut_of(cut, &flow->waiting, dev, PORTION);
	struct falcon_run *run;
	unsigned int before;
	u32 number;

	for (number = flow->reorder.head; number != flow->reorder.tail && !more; number++) {
		run = falcon_reorder_run(&flow->reorder, number);
		if (run->state != FALCON_RUN_QUEUED)
			continue;
		before = cut->count;
		more = falcon_chain_cut_of(cut, &run->packets, dev, PORTION);
		falcon_lane_add(run->worker, before - cut->count);
	}
	return more;
}

/* Take out packets that wait for their delivery. Returns whether there may be more. */
static bool cut_merged(struct falcon_flow *flow, const struct net_device *dev,
		       struct falcon_chain *cut)
{
	bool more = falcon_chain_cut_of(cut, &flow->ready, dev, PORTION);
	struct falcon_run *run;
	u32 number;

	for (number = flow->reorder.head; number != flow->reorder.tail && !more; number++) {
		run = falcon_reorder_run(&flow->reorder, number);
		if (run->state == FALCON_RUN_DONE)
			more = falcon_chain_cut_of(cut, &run->packets, dev, PORTION);
	}
	if (!more && flow->merge_dev.dev == dev)
		falcon_merge_dev_set(&flow->merge_dev, NULL);
	return more;
}

/*
 * Drop a flow's packets of a device. The lock is held for a portion at a time, so no CPU waits for
 * long, and not while packets are dropped. No new packets of the device come: after the last
 * portion the flow has none.
 */
static void forget(struct falcon_flow *flow, const struct net_device *dev,
			    enum falcon_stage stage)
{
	struct falcon_chain cut = {};
	bool more;

	do {
		falcon_handover_lock(flow);
		more = stage == FALCON_STAGE_NIC ? cut_waiting(flow, dev, &cut) :
						   cut_merged(flow, dev, &cut);
		falcon_handover_unlock(flow);
		falcon_drop_gone(&cut, stage);
		cond_resched();
	} while (more);
}

static struct falcon_flow *of(struct falcon_merge_dev *merge_dev)
{
	return container_of(merge_dev, struct falcon_flow, merge_dev);
}

/* Take a reference to a flow of the walk; false if it is being freed. */
static bool hold_to_forget(struct falcon_merge_dev *merge_dev)
{
	return refcount_inc_not_zero(&of(merge_dev)->refs);
}

/* Forget @dev in the flows filed under @merge_dev: @dev itself, or FALCON_MERGE_DEV_SEVERAL. */
static void forget_merge_dev(const struct net_device *merge_dev, const struct net_device *dev,
			     u32 walk)
{
	struct falcon_merge_dev *found;

	for (;;) {
		local_bh_disable();
		found = falcon_merge_dev_next(merge_dev, walk, hold_to_forget);
		local_bh_enable();
		if (!found)
			return;
		forget(of(found), dev, FALCON_STAGE_CONTAINER);
		local_bh_disable();
		falcon_flow_put(of(found));
		local_bh_enable();
	}
}

void falcon_forget(const struct net_device *dev)
{
	static u32 walk;	/* under RTNL */

	if (likely(!falcon_merge_dev_is_used(dev)))
		return;
	if (falcon_flow_table_hold()) {
		walk = walk + 1 ?: 1;
		/* In this order: a flow may get several devices meanwhile, but @dev alone never. */
		forget_merge_dev(dev, dev, walk);
		forget_merge_dev(FALCON_MERGE_DEV_SEVERAL, dev, walk);
	}
	falcon_flow_table_release();
}

void falcon_forget_tunnel(const struct net_device *dev)
{
	if (falcon_flow_table_hold())
		falcon_gro_bypass_forget(dev);
	falcon_flow_table_release();
}

static void forget_nic(const struct net_device *dev)
{
	struct falcon_flow *flow = NULL;

	if (falcon_flow_table_hold())
		while ((flow = falcon_flow_list_next(flow)))
			forget(flow, dev, FALCON_STAGE_NIC);
	falcon_flow_table_release();
}

/* True if flows have all packets that bins had when the NICs in @flushing went. */
static bool are_flushed(bool begin)
{
	bool flushed = true;

	if (falcon_flow_table_hold())
		flushed = falcon_gates_are_flushed(begin);
	falcon_flow_table_release();
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
	/* Workers may have started with packets of these NICs. */
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
