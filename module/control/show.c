// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

#include "control/show.h"
#include "core/clock.h"
#include "lanes/flow_list.h"
#include "lanes/handover.h"
#include "lanes/transit.h"

static void sum_entry(const struct falcon_flow_entry *entry, struct falcon_flow_sum *sum,
		      unsigned int *reasons)
{
	u8 reason = READ_ONCE(entry->reason);
	struct falcon_flow *flow;

	if (!READ_ONCE(entry->hash))
		return;
	rcu_read_lock();
	flow = rcu_dereference(entry->flow);
	if (flow) {
		sum->flows++;
		sum->ahead += READ_ONCE(flow->affinity.home);
		sum->in_lanes += !READ_ONCE(flow->affinity.home);
		sum->several += READ_ONCE(flow->several);
	} else if (jiffies - READ_ONCE(entry->since) < HZ) {
		sum->flows++;
		if (READ_ONCE(entry->ahead)) {
			sum->ahead++;
		} else if (reason != FALCON_REASON_NONE && reason != FALCON_REASON_RATE) {
			sum->not_promoted++;
			if (++reasons[reason] > reasons[sum->reason])
				sum->reason = reason;
		}
	}
	rcu_read_unlock();
}

void falcon_show_sum(struct falcon_flow_sum *sum)
{
	unsigned int reasons[FALCON_REASON_MAX + 1] = {};
	unsigned long at;

	*sum = (struct falcon_flow_sum){};
	falcon_flow_table_hold();
	for (at = 0; falcon_flow_table && at < FALCON_SHOW_END; at++)
		sum_entry(&falcon_flow_table[at], sum, reasons);
	falcon_flow_table_release();
}

static void show_flow(struct falcon_flow *flow, struct falcon_flow_info *info)
{
	const struct falcon_affinity *affinity = &flow->affinity;

	falcon_handover_lock(flow);
	info->on_lanes = true;
	info->state = falcon_flow_state_of(flow);
	info->reason = flow->reason;
	info->merge = flow->path.merge_point;
	info->worker_count = flow->several ? affinity->spread.count : 1;
	if (flow->several)
		memcpy(info->workers, affinity->spread.workers, sizeof(info->workers));
	else if (flow->trial.over)
		info->workers[0] = affinity->spread.workers[flow->turn];
	else
		info->workers[0] = flow->home;
	info->delivery = affinity->own ? affinity->spread.delivery : FALCON_NO_CPU;
	if (!flow->trial.over || READ_ONCE(flow->path.by_cpu))
		info->delivery = flow->home;
	info->app = falcon_affinity_app(affinity);
	info->packets = flow->packets;
	info->moves = flow->transitions;
	info->batches = flow->batch + 1;
	info->in_flight = falcon_flow_in_flight(flow);
	info->in_flight_bytes = falcon_flow_memory(flow);
	info->held = flow->reorder.held;
	info->idle_ms = falcon_clock_ms(jiffies - flow->used, HZ);
	falcon_handover_unlock(flow);
}

/* Return: false if the entry is free, or gets another flow at this moment. */
static bool show(const struct falcon_flow_entry *entry, struct falcon_flow_info *info)
{
	struct falcon_flow *flow;

	memset(info, 0, sizeof(*info));
	info->hash = READ_ONCE(entry->hash);
	if (!info->hash)
		return false;
	smp_rmb();	/* pairs with falcon_promote_watch() */
	/* The entry may get another flow meanwhile: the second look at its hash tells. */
	info->key = data_race(entry->subject.key);
	info->vni = READ_ONCE(entry->subject.vni);
	info->rule = READ_ONCE(entry->priority.rule);
	info->ifindex = READ_ONCE(entry->ifindex);
	info->netns = READ_ONCE(entry->netns);
	info->state = READ_ONCE(entry->ahead) ? FALCON_FLOW_STATE_INLINE : FALCON_FLOW_STATE_KERNEL;
	info->reason = READ_ONCE(entry->reason);
	info->packets = READ_ONCE(entry->count);
	info->idle_ms = falcon_clock_ms(jiffies - READ_ONCE(entry->since), HZ);
	smp_rmb();	/* as above */
	if (READ_ONCE(entry->hash) != info->hash)
		return false;
	info->twin = falcon_flow_table_has_twin(entry, info->hash, &info->key);

	flow = falcon_flow_get(&entry->flow, info->hash);
	if (flow) {
		show_flow(flow, info);
		local_bh_disable();
		falcon_flow_put(flow);
		local_bh_enable();
	}
	return true;
}

unsigned long falcon_show_walk(unsigned long from,
			       int (*call)(const struct falcon_flow_info *info, void *data),
			       void *data)
{
	struct falcon_flow_info info;
	unsigned long at;

	falcon_flow_table_hold();
	for (at = from; falcon_flow_table && at < FALCON_SHOW_END; at++)
		if (show(&falcon_flow_table[at], &info) && call(&info, data))
			break;
	if (!falcon_flow_table)
		at = FALCON_SHOW_END;
	falcon_flow_table_release();
	return at;
}
