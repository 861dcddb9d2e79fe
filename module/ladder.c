// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "cell.h"
#include "clock.h"
#include "cpu.h"
#include "device.h"
#include "forget.h"
#include "habit.h"
#include "hash.h"
#include "intake.h"
#include "ladder.h"
#include "lane.h"
#include "outlet.h"
#include "place.h"
#include "priority.h"
#include "rung.h"
#include "stats.h"

#define WAYS	  4
#define BUCKETS	  (FALCON_LADDER_FLOWS / WAYS)
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

/* How often rates of flows in lanes are looked at. */
#define REVIEW_INTERVAL (HZ / 5)

/*
 * A flow, whether in lanes or not. The CPU that its packets come to writes it: one at a time,
 * unless the NIC moves it. A count that is a few short does no harm.
 */
struct entry {
	u32			hash;		/* 0 is free */
	u32			count;		/* packets in this window */
	unsigned long		since;		/* jiffies of its begin */
	/* Jiffies from which it may go up again; or, while it goes ahead, its tunnels let it. */
	u32			retry;
	int			ifindex;
	u32			netns;		/* inode number */
	u8			limit;		/* enum falcon_limit */
	u8			encap;		/* enum falcon_encap_kind; none: the host's own */
	bool			ahead;		/* every packet so far has gone ahead */
	bool			requests;	/* by its habit */
	struct falcon_priority	priority;
	u32			place_due;	/* jiffies from which flow.place is old */
	struct falcon_elephant __rcu *elephant;
	struct falcon_habit	habit;		/* with priority-auto */
	struct falcon_subject	flow;
};

static struct entry *table;		/* kept while any packet may come */
static DEFINE_MUTEX(table_lock);	/* under RTNL; keeps slow readers from what goes */

/*
 * BH, before a flow's lock and elephants_lock; entries of some buckets that change their flow or
 * its rung. Many, so that CPUs whose flows have nothing in common do not meet.
 */
#define CLAIM_LOCKS 256
static struct {
	spinlock_t lock;	/* of each such bucket */
} ____cacheline_aligned_in_smp claim_locks[CLAIM_LOCKS];

static unsigned long missed;	/* jiffies when a packet was last seen whose flow is in no entry */
static LIST_HEAD(elephants);
static unsigned int elephant_count;
static unsigned int host_count;		/* of them, those that came through no tunnel */
static unsigned int ruled_count;	/* of them, those that a rule has brought */
static DEFINE_SPINLOCK(elephants_lock);	/* BH; of the list, which is walked under RCU */

/* Of what all may have in flight, for each. */
static struct falcon_share share = { FALCON_SHARE_PACKETS, FALCON_SHARE_BYTES };

static struct net_device *dummy;
static void (*wake_hooks)(void);

static void review(struct work_struct *work);
static DECLARE_DELAYED_WORK(review_work, review);

static struct entry *bucket_of(u32 hash)
{
	return &table[(hash % BUCKETS) * WAYS];
}

static spinlock_t *claim_lock_of(u32 hash)
{
	return &claim_locks[hash % BUCKETS % CLAIM_LOCKS].lock;
}

static struct entry *find(u32 hash)
{
	struct entry *entry = bucket_of(hash);
	unsigned int i;

	for (i = 0; i < WAYS; i++, entry++)
		if (READ_ONCE(entry->hash) == hash)
			return entry;
	return NULL;
}

struct falcon_share falcon_ladder_share(void)
{
	return READ_ONCE(share);
}

bool falcon_ladder_has_hosts(void)
{
	return READ_ONCE(host_count);
}

/* The entry that has been quiet for longest, of those that are not in lanes. */
static struct entry *victim(u32 hash)
{
	struct entry *entry = bucket_of(hash), *found = NULL;
	unsigned long now = jiffies;
	unsigned int i;

	for (i = 0; i < WAYS; i++, entry++) {
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
static bool is_fresh(const struct falcon_plan *plan, const struct entry *victim,
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
static bool is_barred(struct entry *entry, const struct sk_buff *skb)
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
static bool can_go_ahead(const struct falcon_plan *plan, struct entry *entry,
			 const struct sk_buff *skb)
{
	return entry->priority.sync && plan->ahead && !plan->resting &&
	       time_after_eq(jiffies, plan->awake + FRESH) && in_serving_softirq() &&
	       !is_barred(entry, skb);
}

static bool is_place_due(const struct entry *entry)
{
	return !falcon_clock_is_ahead(READ_ONCE(entry->place_due), jiffies, PLACE_INTERVAL);
}

/*
 * The flow of these headers behind the tunnels, if there is one, or NULL: of two virtual networks
 * with one each nobody can tell which it is.
 */
static struct entry *find_inner(u32 hash, const struct falcon_key *key)
{
	struct entry *entry = bucket_of(hash), *found = NULL;
	unsigned int i;

	BUILD_BUG_ON(BUCKETS > 1 << FALCON_HASH_COMMON);
	for (i = 0; i < WAYS; i++, entry++) {
		if (!READ_ONCE(entry->hash) || memcmp(&entry->flow.key, key, sizeof(*key)))
			continue;
		if (found)
			return NULL;
		found = entry;
	}
	return found;
}

static bool has_twin(const struct entry *entry, u32 hash, const struct falcon_key *key)
{
	const struct entry *other = bucket_of(hash);
	unsigned int i;

	for (i = 0; i < WAYS; i++, other++)
		if (other != entry && READ_ONCE(other->hash) &&
		    !memcmp(&other->flow.key, key, sizeof(*key)))
			return true;
	return false;
}

bool falcon_ladder_wants_place(u32 hash, const struct falcon_key *key)
{
	const struct entry *entry = find_inner(hash, key);

	return entry && is_place_due(entry);
}

void falcon_ladder_place(u32 hash, const struct falcon_key *key, const struct falcon_place *place,
			 bool whole)
{
	unsigned int interval = whole ? PLACE_INTERVAL : PLACE_RETRY;
	struct entry *entry;

	/* Another CPU has it: the next packet will do. */
	if (!spin_trylock(claim_lock_of(hash)))
		return;
	entry = find_inner(hash, key);
	if (entry) {
		WRITE_ONCE(entry->place_due, roundup(jiffies + 1, interval));
		if (memcmp(&entry->flow.place, place, sizeof(*place))) {
			entry->flow.place = *place;
			WRITE_ONCE(entry->priority.generation, falcon_priority_generation() - 1);
		}
	}
	spin_unlock(claim_lock_of(hash));
}

bool falcon_ladder_watch(const struct falcon_plan *plan, u32 hash,
			 const struct falcon_subject *flow, const struct falcon_encap *encap,
			 const struct sk_buff *skb, u32 *rule)
{
	const struct net_device *dev = skb->dev;
	struct entry *entry;
	bool ahead = false;

	/* Another CPU has it: the next packet will do. */
	if (!spin_trylock(claim_lock_of(hash))) {
		WRITE_ONCE(missed, jiffies);
		return false;
	}
	entry = find(hash) ? NULL : victim(hash);
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
	spin_unlock(claim_lock_of(hash));
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
static bool count_packet(const struct falcon_plan *plan, struct entry *entry, bool refused)
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

/* The entry's flow in lanes, with a reference; NULL when the entry is another flow's by now. */
static struct falcon_elephant *get(const struct entry *entry, u32 hash)
{
	struct falcon_elephant *elephant;

	rcu_read_lock();
	elephant = rcu_dereference(entry->elephant);
	if (elephant && (elephant->hash != hash || !refcount_inc_not_zero(&elephant->refs)))
		elephant = NULL;
	rcu_read_unlock();
	return elephant;
}

/* The rules have changed. Another CPU has the table or the flow: the next packet will do. */
static void look_up(struct entry *entry, u32 hash)
{
	struct falcon_elephant *elephant;
	struct falcon_priority priority;

	if (!spin_trylock(claim_lock_of(hash)))
		return;
	if (entry->hash == hash) {
		falcon_priority_find(&entry->flow, READ_ONCE(entry->requests), &priority);
		elephant = get(entry, hash);
		if (!elephant || falcon_elephant_prioritise(elephant, &priority))
			entry->priority = priority;
		if (elephant)
			falcon_ladder_put(elephant);
	}
	spin_unlock(claim_lock_of(hash));
}

/*
 * With each packet, so that a flow that is no longer requests has no priority from this one on. In
 * lanes by their rate flows are bulk, of whose packets some are collected and not asked for.
 */
static void watch_habit(struct entry *entry, u32 poll)
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
static bool is_to_climb(const struct falcon_plan *plan, struct entry *entry)
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
	struct entry *entry = find(hash);

	if (!entry)
		return FALCON_LADDER_UNKNOWN;
	if (plan->priority_auto)
		watch_habit(entry, poll);
	if (unlikely(READ_ONCE(entry->priority.generation) != falcon_priority_generation()))
		look_up(entry, hash);
	if (unlikely(falcon_priority_wants_places()) && is_place_due(entry))
		falcon_place_expect();
	if (rcu_access_pointer(entry->elephant)) {
		*elephant = get(entry, hash);
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
	if (READ_ONCE(elephant_count) >= ELEPHANTS || (ruled && READ_ONCE(ruled_count) >= RULED))
		return FALCON_LIMIT_TABLE;
	return falcon_devices_limit(nic, encap, vni);
}

static void refuse(u32 hash, enum falcon_limit limit)
{
	struct entry *entry;

	spin_lock(claim_lock_of(hash));
	entry = find(hash);
	if (entry) {
		entry->limit = limit;
		entry->retry = jiffies + (limit == FALCON_LIMIT_RESTING ? RETRY_RESTING : RETRY);
	}
	spin_unlock(claim_lock_of(hash));
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
	struct entry *entry;
	u32 count = 0;
	bool ruled;

	/* The entry may become another flow's, or of another rule, meanwhile. */
	spin_lock(claim_lock_of(hash));
	entry = find(hash);
	if (entry) {
		priority = entry->priority;
		count = READ_ONCE(entry->count);
	}
	spin_unlock(claim_lock_of(hash));

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

/* Under elephants_lock. */
static void count_elephant(const struct falcon_elephant *elephant, int count)
{
	WRITE_ONCE(elephant_count, elephant_count + count);
	WRITE_ONCE(host_count, host_count + elephant->host * count);
	WRITE_ONCE(ruled_count, ruled_count + elephant->ruled * count);
	WRITE_ONCE(share, falcon_policy_share(elephant_count));
}

bool falcon_ladder_climb(struct falcon_elephant *elephant)
{
	u32 hash = elephant->hash;
	struct entry *entry;
	bool climbs;

	spin_lock(claim_lock_of(hash));
	entry = find(hash);
	climbs = entry && !rcu_access_pointer(entry->elephant);
	if (climbs) {
		entry->limit = FALCON_LIMIT_NONE;
		refcount_inc(&elephant->refs);
		/* Found in the list by all that find it in the table. */
		spin_lock(&elephants_lock);
		list_add_tail_rcu(&elephant->node, &elephants);
		count_elephant(elephant, 1);
		spin_unlock(&elephants_lock);
		rcu_assign_pointer(entry->elephant, elephant);
	}
	spin_unlock(claim_lock_of(hash));
	/* A review that saw none just now has ended, or goes on after this. */
	if (climbs)
		schedule_delayed_work(&review_work, REVIEW_INTERVAL);
	return climbs;
}

void falcon_ladder_put(struct falcon_elephant *elephant)
{
	if (!refcount_dec_and_test(&elephant->refs))
		return;
	falcon_outlet_set(&elephant->outlet, NULL);
	/* One that never went up is in no list. */
	if (!list_empty(&elephant->node)) {
		spin_lock(&elephants_lock);
		list_del_rcu(&elephant->node);
		spin_unlock(&elephants_lock);
	}
	kfree_rcu(elephant, rcu);
}

void falcon_ladder_remove(struct falcon_elephant *elephant)
{
	u32 hash = elephant->hash;
	struct entry *entry;

	spin_lock(claim_lock_of(hash));
	entry = find(hash);
	if (entry && rcu_access_pointer(entry->elephant) == elephant) {
		RCU_INIT_POINTER(entry->elephant, NULL);
		entry->limit = elephant->limit;
		entry->count = 0;
		entry->since = jiffies;
		entry->retry = jiffies;
		if (entry->limit == FALCON_LIMIT_NO_MERGE || entry->limit == FALCON_LIMIT_QUEUED)
			entry->retry += RETRY_TRIAL;
	}
	spin_unlock(claim_lock_of(hash));

	/* In the list as long as somebody has a reference, and so, maybe, packets of it. */
	spin_lock(&elephants_lock);
	count_elephant(elephant, -1);
	spin_unlock(&elephants_lock);
	falcon_ladder_put(elephant);
}

struct falcon_elephant *falcon_ladder_next(struct falcon_elephant *elephant)
{
	struct list_head *node = elephant ? &elephant->node : &elephants;
	struct falcon_elephant *next, *found = NULL;

	rcu_read_lock_bh();
	while (!found && (node = rcu_dereference_bh(list_next_rcu(node))) != &elephants) {
		next = list_entry(node, struct falcon_elephant, node);
		if (refcount_inc_not_zero(&next->refs))
			found = next;
	}
	if (elephant)
		falcon_ladder_put(elephant);
	rcu_read_unlock_bh();
	cond_resched();
	return found;
}

bool falcon_ladder_hold(void)
{
	mutex_lock(&table_lock);
	return table;
}

void falcon_ladder_release(void)
{
	mutex_unlock(&table_lock);
}

static void review_all(void)
{
	struct falcon_elephant *elephant = NULL;

	while ((elephant = falcon_ladder_next(elephant))) {
		local_bh_disable();
		falcon_elephant_review(elephant, rcu_dereference_bh(falcon_plan));
		local_bh_enable();
	}
}

static void review(struct work_struct *work)
{
	review_all();
	/* No packet may come that would, of flows that wait for one to be answered. */
	falcon_intake_look();
	if (READ_ONCE(elephant_count))
		schedule_delayed_work(&review_work, REVIEW_INTERVAL);
}

bool falcon_ladder_settled(void)
{
	review_all();
	return !READ_ONCE(elephant_count) && falcon_cells_settled();
}

bool falcon_ladder_has_left(u16 cpu)
{
	bool left;

	mutex_lock(&table_lock);
	left = !table || falcon_lane_is_idle(cpu);
	mutex_unlock(&table_lock);
	return left;
}

int falcon_ladder_alloc(void (*wake)(void))
{
	int err = -ENOMEM;
	unsigned int i;

	wake_hooks = wake;
	for (i = 0; i < CLAIM_LOCKS; i++)
		spin_lock_init(&claim_locks[i].lock);
	dummy = alloc_netdev_dummy(0);
	if (!dummy)
		return err;
	err = falcon_lanes_alloc(dummy);
	if (err)
		goto free_dummy;
	err = falcon_intakes_alloc(dummy);
	if (err)
		goto free_lanes;
	err = falcon_cells_alloc(dummy);
	if (err)
		goto free_intakes;
	mutex_lock(&table_lock);
	table = kvcalloc(FALCON_LADDER_FLOWS, sizeof(*table), GFP_KERNEL);
	mutex_unlock(&table_lock);
	err = -ENOMEM;
	if (!table)
		goto free_cells;
	return 0;

free_cells:
	falcon_cells_free();
free_intakes:
	falcon_intakes_stop();
	falcon_intakes_free();
free_lanes:
	falcon_lanes_stop();
	falcon_lanes_free();
free_dummy:
	falcon_dummy_free(dummy);
	return err;
}

/* Who brings packets first, then who processes them; wake-ups that are under way, then memory. */
void falcon_ladder_free(void)
{
	struct falcon_elephant *elephant, *next;
	unsigned int dropped = 0;

	cancel_delayed_work_sync(&review_work);
	falcon_intakes_stop();
	falcon_lanes_stop();
	/* Wake-ups that are under way: those that have arrived, and those on their way here. */
	kick_all_cpus_sync();
	synchronize_net();

	/* Who waits for it under RTNL waits for no packet, and no softirq. */
	mutex_lock(&table_lock);
	list_for_each_entry_safe(elephant, next, &elephants, node) {
		/* One that has left is in the hands of falcon_intakes_free(). */
		if (elephant->dead)
			continue;
		list_del_init(&elephant->gate_node);
		spin_lock_bh(&elephants_lock);
		count_elephant(elephant, -1);
		spin_unlock_bh(&elephants_lock);
		dropped += falcon_forget_flow(elephant);
	}
	if (dropped)
		pr_warn("%u packets of flows that did not come down in time are dropped\n",
			dropped);

	kvfree(table);
	table = NULL;
	mutex_unlock(&table_lock);
	falcon_intakes_free();
	falcon_lanes_free();
	falcon_cells_free();
	falcon_dummy_free(dummy);
}

static void sum_entry(const struct entry *entry, struct falcon_flow_sum *sum, unsigned int *limits)
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

void falcon_ladder_sum(struct falcon_flow_sum *sum)
{
	unsigned int limits[FALCON_LIMIT_MAX + 1] = {};
	unsigned long at;

	*sum = (struct falcon_flow_sum){};
	mutex_lock(&table_lock);
	for (at = 0; table && at < FALCON_LADDER_END; at++)
		sum_entry(&table[at], sum, limits);
	mutex_unlock(&table_lock);
}

/* false when the entry is free, or changes its flow at this moment. */
static bool show(const struct entry *entry, struct falcon_ladder_info *info)
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
	info->twin = has_twin(entry, info->hash, &info->key);

	elephant = get(entry, info->hash);
	if (elephant) {
		falcon_rung_show(elephant, info);
		local_bh_disable();
		falcon_ladder_put(elephant);
		local_bh_enable();
	}
	return true;
}

unsigned long falcon_ladder_walk(unsigned long from,
				 int (*call)(const struct falcon_ladder_info *info, void *data),
				 void *data)
{
	struct falcon_ladder_info info;
	unsigned long at;

	mutex_lock(&table_lock);
	for (at = from; table && at < FALCON_LADDER_END; at++)
		if (show(&table[at], &info) && call(&info, data))
			break;
	if (!table)
		at = FALCON_LADDER_END;
	mutex_unlock(&table_lock);
	return at;
}
