// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "core/clock.h"
#include "host/cpu.h"
#include "host/rps.h"
#include "lanes/census.h"
#include "lanes/elephant.h"
#include "lanes/ladder.h"
#include "lanes/place.h"
#include "lanes/review.h"
#include "lanes/roster.h"
#include "lanes/table.h"
#include "policy/habit.h"
#include "rules/priority.h"

#define ELEPHANTS 1024		/* flows in lanes at most, of 8 KB each */
#define RULED	  512		/* of them, that a rule alone has brought there, at any rate */

/* Packets per second above which a flow is not short requests. */
#define REQUESTS_RATE 10000

/* A flow that was quiet for so long has left nothing in stock's queues. */
#define FRESH HZ

/* After which a flow that could not go up tries again. */
#define RETRY HZ
#define RETRY_RESTING (HZ / 50 ?: 1)
#define RETRY_TRIAL   (5 * HZ)

/*
 * How often it is looked where a flow's packets come to, of all flows at the same time: when that
 * is known, and while a socket may yet be made.
 */
#define PLACE_INTERVAL HZ
#define PLACE_RETRY    (HZ / 25 ?: 1)

static unsigned long missed;	/* jiffies when a packet was last seen whose flow is in no entry */
static void (*wake_hooks)(void);

/* The entry that has been quiet for longest, of those that are not in lanes. */
static struct falcon_entry *victim(u32 hash)
{
	struct falcon_entry *entry = falcon_table_bucket(hash), *found = NULL;
	unsigned long now = jiffies;
	unsigned int i;

	for (i = 0; i < FALCON_TABLE_WAYS; i++, entry++) {
		if (rcu_access_pointer(entry->elephant))
			continue;
		if (!entry->hash)
			return entry;
		if (!found || now - entry->since > now - found->since)
			found = entry;
	}
	return found;
}

/*
 * Whether no packet of a flow that is not in the table can be in a queue. The quietest entry makes
 * place: if this one has been quiet for FRESH, so was each before it.
 */
static bool is_fresh(const struct falcon_plan *plan, const struct falcon_entry *victim,
		     const struct falcon_encap *encap)
{
	return time_after_eq(jiffies, falcon_plan_since(plan, encap) + FRESH) &&
	       jiffies - READ_ONCE(missed) >= FRESH &&
	       (!victim->hash || jiffies - victim->since >= FRESH);
}

/*
 * Whether RPS or a thread is set on one of the flow's devices: on the NIC's queue now, on its
 * tunnels in this jiffy. Then it goes ahead no more, so that what they have said need not be kept.
 */
static bool is_barred(struct falcon_entry *entry, const struct sk_buff *skb)
{
	const struct falcon_encap encap = { .kind = entry->encap, .port = entry->flow.port };
	u32 now = jiffies;

	if (READ_ONCE(entry->retry) != now) {
		if (falcon_tunnels_limit(skb->dev, &encap, entry->flow.vni) != FALCON_LIMIT_NONE)
			return true;
		WRITE_ONCE(entry->retry, now);
	}
	return falcon_packet_has_rps(skb);
}

/*
 * Whether a flow by its rule may be on the NIC's CPU, ahead of the others: not when packets of it
 * may be in queues that were not looked at while hooks rested. RPS that was set just now does no
 * harm: what goes ahead comes to no queue.
 */
static bool can_go_ahead(const struct falcon_plan *plan, struct falcon_entry *entry,
			 const struct sk_buff *skb)
{
	return entry->priority.sync && plan->ahead && !plan->resting &&
	       time_after_eq(jiffies, plan->awake + FRESH) && in_serving_softirq() &&
	       !is_barred(entry, skb);
}

static bool is_place_due(const struct falcon_entry *entry)
{
	return !falcon_clock_is_ahead(READ_ONCE(entry->place_due), jiffies, PLACE_INTERVAL);
}

static bool wants_place(u32 hash, const struct falcon_key *key)
{
	const struct falcon_entry *entry = falcon_table_find_inner(hash, key);

	return entry && is_place_due(entry);
}

static void place_flow(u32 hash, const struct falcon_key *key, const struct falcon_place *place,
		       bool whole)
{
	unsigned int interval = whole ? PLACE_INTERVAL : PLACE_RETRY;
	struct falcon_entry *entry;

	/* Another CPU has it: the next packet will do. */
	if (!spin_trylock(falcon_table_lock(hash)))
		return;
	entry = falcon_table_find_inner(hash, key);
	if (entry) {
		WRITE_ONCE(entry->place_due, roundup(jiffies + 1, interval));
		if (memcmp(&entry->flow.place, place, sizeof(*place))) {
			entry->flow.place = *place;
			WRITE_ONCE(entry->priority.generation, falcon_priority_generation() - 1);
		}
	}
	spin_unlock(falcon_table_lock(hash));
}

bool falcon_ladder_watch(const struct falcon_plan *plan, u32 hash,
			 const struct falcon_subject *flow, const struct falcon_encap *encap,
			 const struct sk_buff *skb, u32 *rule)
{
	const struct net_device *dev = skb->dev;
	struct falcon_entry *entry;
	bool ahead = false;

	/* Another CPU has it: the next packet will do. */
	if (!spin_trylock(falcon_table_lock(hash))) {
		WRITE_ONCE(missed, jiffies);
		return false;
	}
	entry = falcon_table_find(hash) ? NULL : victim(hash);
	/* All of its bucket are in lanes. */
	if (!entry)
		WRITE_ONCE(missed, jiffies);
	if (entry) {
		ahead = is_fresh(plan, entry, encap);
		WRITE_ONCE(entry->hash, 0);
		smp_wmb();	/* pairs with falcon_ladder_walk() */
		entry->flow = *flow;
		entry->encap = encap->kind;
		entry->retry = jiffies - 1;
		falcon_priority_find(flow, false, &entry->priority);
		ahead = ahead && can_go_ahead(plan, entry, skb);
		entry->ahead = ahead;
		*rule = entry->priority.rule;
		entry->ifindex = dev->ifindex;
		entry->netns = dev_net(dev)->ns.inum;
		entry->count = 1;
		entry->since = jiffies;
		entry->place_due = jiffies;
		entry->habit = (struct falcon_habit){};
		entry->requests = false;
		entry->limit = FALCON_LIMIT_RATE;
		smp_wmb();	/* as above */
		WRITE_ONCE(entry->hash, hash);
	}
	spin_unlock(falcon_table_lock(hash));
	if (falcon_priority_wants_places())
		falcon_place_expect();
	return ahead;
}

static bool is_above(const struct falcon_plan *plan, u32 count)
{
	return falcon_policy_is_elephant(count, plan->elephant_window,
					 falcon_load_above(smp_processor_id()));
}

/* Returns whether the flow is above the rate. @refused: whether something else keeps it yet */
static bool count_packet(const struct falcon_plan *plan, struct falcon_entry *entry, bool refused)
{
	unsigned long elapsed = jiffies - READ_ONCE(entry->since);
	u32 count = READ_ONCE(entry->count) + 1;

	if (elapsed >= FALCON_LADDER_WINDOW) {
		WRITE_ONCE(entry->since, jiffies);
		/* Whatever refused it at its last try is over: the rate alone keeps it. */
		if (!refused && !READ_ONCE(entry->priority.rule) && !is_above(plan, count - 1))
			WRITE_ONCE(entry->limit, FALCON_LIMIT_RATE);
		count = 1;
	}
	WRITE_ONCE(entry->count, count);
	return is_above(plan, count);
}

/* The rules have changed. Another CPU has the table or the flow: the next packet will do. */
static void look_up(struct falcon_entry *entry, u32 hash)
{
	struct falcon_elephant *elephant;
	struct falcon_priority priority;

	if (!spin_trylock(falcon_table_lock(hash)))
		return;
	if (entry->hash == hash) {
		falcon_priority_find(&entry->flow, READ_ONCE(entry->requests), &priority);
		elephant = falcon_roster_get(&entry->elephant, hash);
		if (!elephant || falcon_elephant_prioritise(elephant, &priority))
			entry->priority = priority;
		if (elephant)
			falcon_roster_put(elephant);
	}
	spin_unlock(falcon_table_lock(hash));
}

/*
 * With each packet, so that a flow that is no longer requests has no priority from this one on. In
 * lanes by their rate flows are bulk, of whose packets some are collected and not asked for.
 */
static void watch_habit(struct falcon_entry *entry, u32 poll)
{
	bool requests;

	if (!entry->encap ||
	    (rcu_access_pointer(entry->elephant) && !READ_ONCE(entry->priority.automatic)))
		return;
	requests = falcon_habit_see(&entry->habit, poll, jiffies, FALCON_LADDER_WINDOW,
				    REQUESTS_RATE * FALCON_LADDER_WINDOW / HZ);
	if (requests == entry->requests)
		return;
	WRITE_ONCE(entry->requests, requests);
	WRITE_ONCE(entry->priority.generation, falcon_priority_generation() - 1);
}

/* Whether the flow, which is on stock's path, is to go into lanes. */
static bool is_to_climb(const struct falcon_plan *plan, struct falcon_entry *entry)
{
	/* RETRY_TRIAL is the longest that it is set to. */
	bool refused = falcon_clock_is_ahead(READ_ONCE(entry->retry), jiffies, RETRY_TRIAL);
	bool elephant = count_packet(plan, entry, refused);

	if (refused || (!entry->encap && !plan->host))
		return false;
	if (READ_ONCE(entry->priority.rule))
		return plan->ahead;
	if (unlikely(elephant && plan->hold))
		WRITE_ONCE(entry->limit, falcon_rung_limit_of(plan));
	return elephant && !plan->hold;
}

enum falcon_ladder_answer falcon_ladder_ask(const struct falcon_plan *plan, u32 hash,
					    const struct sk_buff *skb, u32 poll,
					    struct falcon_elephant **elephant, u32 *rule)
{
	struct falcon_entry *entry = falcon_table_find(hash);

	if (!entry)
		return FALCON_LADDER_UNKNOWN;
	if (plan->priority_auto)
		watch_habit(entry, poll);
	if (unlikely(READ_ONCE(entry->priority.generation) != falcon_priority_generation()))
		look_up(entry, hash);
	if (unlikely(falcon_priority_wants_places()) && is_place_due(entry))
		falcon_place_expect();
	if (rcu_access_pointer(entry->elephant)) {
		*elephant = falcon_roster_get(&entry->elephant, hash);
		return *elephant ? FALCON_LADDER_LANES : FALCON_LADDER_STOCK;
	}
	if (READ_ONCE(entry->ahead)) {
		if (can_go_ahead(plan, entry, skb)) {
			count_packet(plan, entry, false);
			*rule = entry->priority.rule;
			return FALCON_LADDER_AHEAD;
		}
		/* From here on there may be packets of it in queues. */
		WRITE_ONCE(entry->ahead, false);
	}
	return is_to_climb(plan, entry) ? FALCON_LADDER_CLIMBS : FALCON_LADDER_STOCK;
}

/* Why a flow may not go into lanes although its rate is above; FALCON_LIMIT_NONE: it may. */
static enum falcon_limit find_limit(const struct net_device *nic, const struct falcon_encap *encap,
				    u32 vni, bool ruled)
{
	/* A thread polls the NIC, or a task that waits for packets: on this CPU by chance. */
	if (!in_serving_softirq())
		return current->flags & PF_KTHREAD ? FALCON_LIMIT_THREADED :
						     FALCON_LIMIT_BUSY_POLL;
	if (falcon_census_flows() >= ELEPHANTS || (ruled && falcon_census_ruled() >= RULED))
		return FALCON_LIMIT_TABLE;
	return falcon_devices_limit(nic, encap, vni);
}

static void refuse(u32 hash, enum falcon_limit limit)
{
	struct falcon_entry *entry;

	spin_lock(falcon_table_lock(hash));
	entry = falcon_table_find(hash);
	if (entry) {
		entry->limit = limit;
		entry->retry = jiffies + (limit == FALCON_LIMIT_RESTING ? RETRY_RESTING : RETRY);
	}
	spin_unlock(falcon_table_lock(hash));
}

struct falcon_elephant *falcon_ladder_make(const struct falcon_plan *plan, u32 hash,
					   const struct falcon_subject *flow,
					   const struct falcon_encap *encap,
					   const struct net_device *nic)
{
	struct falcon_elephant *elephant = NULL;
	struct falcon_priority priority = {};
	bool host = encap->kind == FALCON_ENCAP_NONE;
	enum falcon_limit limit;
	struct falcon_entry *entry;
	u32 count = 0;
	bool ruled;

	/* The entry may become another flow's, or of another rule, meanwhile. */
	spin_lock(falcon_table_lock(hash));
	entry = falcon_table_find(hash);
	if (entry) {
		priority = entry->priority;
		count = READ_ONCE(entry->count);
	}
	spin_unlock(falcon_table_lock(hash));

	ruled = priority.rule && !is_above(plan, count);
	limit = find_limit(nic, encap, flow->vni, ruled);
	if (limit == FALCON_LIMIT_NONE) {
		elephant = kzalloc(sizeof(*elephant), GFP_ATOMIC | __GFP_NOWARN);
		if (!elephant)
			limit = FALCON_LIMIT_TABLE;
		else if (!falcon_elephant_init(elephant, plan, hash, &flow->key, host, &priority))
			limit = FALCON_LIMIT_NO_CPU;
		else if (plan->resting)
			limit = FALCON_LIMIT_RESTING;
	}
	if (limit == FALCON_LIMIT_NONE) {
		elephant->ruled = ruled;
		return elephant;
	}
	if (limit == FALCON_LIMIT_RESTING)
		wake_hooks();
	kfree(elephant);
	refuse(hash, limit);
	return NULL;
}

bool falcon_ladder_climb(struct falcon_elephant *elephant)
{
	u32 hash = elephant->hash;
	struct falcon_entry *entry;
	bool climbs;

	spin_lock(falcon_table_lock(hash));
	entry = falcon_table_find(hash);
	climbs = entry && !rcu_access_pointer(entry->elephant);
	if (climbs) {
		entry->limit = FALCON_LIMIT_NONE;
		refcount_inc(&elephant->refs);
		/* Found in the list by all that find it in the table. */
		falcon_roster_add(elephant);
		rcu_assign_pointer(entry->elephant, elephant);
	}
	spin_unlock(falcon_table_lock(hash));
	if (climbs)
		falcon_review_start();
	return climbs;
}

void falcon_ladder_remove(struct falcon_elephant *elephant)
{
	u32 hash = elephant->hash;
	struct falcon_entry *entry;

	spin_lock(falcon_table_lock(hash));
	entry = falcon_table_find(hash);
	if (entry && rcu_access_pointer(entry->elephant) == elephant) {
		RCU_INIT_POINTER(entry->elephant, NULL);
		entry->limit = elephant->limit;
		entry->count = 0;
		entry->since = jiffies;
		entry->retry = jiffies;
		if (entry->limit == FALCON_LIMIT_NO_MERGE || entry->limit == FALCON_LIMIT_QUEUED)
			entry->retry += RETRY_TRIAL;
	}
	spin_unlock(falcon_table_lock(hash));

	/* In the list as long as somebody has a reference, and so, maybe, packets of it. */
	falcon_roster_leave(elephant);
	falcon_roster_put(elephant);
}

static const struct falcon_place_ops place_ops = {
	.wants	= wants_place,
	.place	= place_flow,
};

void falcon_ladder_start(void (*wake)(void))
{
	wake_hooks = wake;
	falcon_place_tell(&place_ops);
}
