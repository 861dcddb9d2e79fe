// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>

#include "control/show.h"
#include "core/clock.h"
#include "lanes/elephant.h"
#include "lanes/inbox.h"
#include "lanes/roster.h"

static void sum_entry(const struct falcon_entry *entry, struct falcon_flow_sum *sum,
		      unsigned int *limits)
{
	struct falcon_elephant *elephant;
	u8 limit = READ_ONCE(entry->limit);

	if (!READ_ONCE(entry->hash))
		return;
	rcu_read_lock();
	elephant = rcu_dereference(entry->elephant);
	if (elephant) {
		sum->flows++;
		sum->ahead += READ_ONCE(elephant->placement.home);
		sum->elephants += !READ_ONCE(elephant->placement.home);
		sum->several += READ_ONCE(elephant->several);
	} else if (jiffies - READ_ONCE(entry->since) < HZ) {
		sum->flows++;
		if (READ_ONCE(entry->ahead)) {
			sum->ahead++;
		} else if (limit != FALCON_LIMIT_NONE && limit != FALCON_LIMIT_RATE) {
			sum->barred++;
			if (++limits[limit] > limits[sum->limit])
				sum->limit = limit;
		}
	}
	rcu_read_unlock();
}

void falcon_show_sum(struct falcon_flow_sum *sum)
{
	unsigned int limits[FALCON_LIMIT_MAX + 1] = {};
	unsigned long at;

	*sum = (struct falcon_flow_sum){};
	falcon_table_hold();
	for (at = 0; falcon_table && at < FALCON_SHOW_END; at++)
		sum_entry(&falcon_table[at], sum, limits);
	falcon_table_release();
}

static void show_elephant(struct falcon_elephant *elephant, struct falcon_ladder_info *info)
{
	const struct falcon_placement *placement = &elephant->placement;

	falcon_inbox_lock(elephant);
	info->on_lanes = true;
	info->rung = falcon_rung_of(elephant);
	info->limit = elephant->limit;
	info->merge = elephant->way.merge_point;
	info->worker_count = elephant->several ? placement->spread.count : 1;
	if (elephant->several)
		memcpy(info->workers, placement->spread.workers, sizeof(info->workers));
	else if (elephant->trial.over)
		info->workers[0] = placement->spread.workers[elephant->turn];
	else
		info->workers[0] = elephant->home;
	info->delivery = placement->own ? placement->spread.delivery : FALCON_NO_CPU;
	if (!elephant->trial.over || READ_ONCE(elephant->way.by_cpu))
		info->delivery = elephant->home;
	info->app = falcon_placement_app(placement);
	info->packets = elephant->packets;
	info->moves = elephant->steps;
	info->batches = elephant->batch + 1;
	info->in_flight = falcon_elephant_in_flight(elephant);
	info->in_flight_bytes = falcon_elephant_memory(elephant);
	info->held = elephant->merge.held;
	info->idle_ms = falcon_clock_ms(jiffies - elephant->used, HZ);
	falcon_inbox_unlock(elephant);
}

/* false when the entry is free, or changes its flow at this moment. */
static bool show(const struct falcon_entry *entry, struct falcon_ladder_info *info)
{
	struct falcon_elephant *elephant;

	memset(info, 0, sizeof(*info));
	info->hash = READ_ONCE(entry->hash);
	if (!info->hash)
		return false;
	smp_rmb();	/* pairs with falcon_ladder_watch() */
	/* What is of another flow meanwhile is not shown. */
	info->key = data_race(entry->flow.key);
	info->vni = READ_ONCE(entry->flow.vni);
	info->rule = READ_ONCE(entry->priority.rule);
	info->ifindex = READ_ONCE(entry->ifindex);
	info->netns = READ_ONCE(entry->netns);
	info->rung = READ_ONCE(entry->ahead) ? FALCON_RUNG_INLINE : FALCON_RUNG_STOCK;
	info->limit = READ_ONCE(entry->limit);
	info->packets = READ_ONCE(entry->count);
	info->idle_ms = falcon_clock_ms(jiffies - READ_ONCE(entry->since), HZ);
	smp_rmb();	/* as above */
	if (READ_ONCE(entry->hash) != info->hash)
		return false;
	info->twin = falcon_table_has_twin(entry, info->hash, &info->key);

	elephant = falcon_roster_get(&entry->elephant, info->hash);
	if (elephant) {
		show_elephant(elephant, info);
		local_bh_disable();
		falcon_roster_put(elephant);
		local_bh_enable();
	}
	return true;
}

unsigned long falcon_show_walk(unsigned long from,
				 int (*call)(const struct falcon_ladder_info *info, void *data),
				 void *data)
{
	struct falcon_ladder_info info;
	unsigned long at;

	falcon_table_hold();
	for (at = from; falcon_table && at < FALCON_SHOW_END; at++)
		if (show(&falcon_table[at], &info) && call(&info, data))
			break;
	if (!falcon_table)
		at = FALCON_SHOW_END;
	falcon_table_release();
	return at;
}
