// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "core/clock.h"
#include "host/cpu.h"
#include "host/rps.h"
#include "lanes/budget.h"
#include "lanes/endpoint.h"
#include "lanes/flow_list.h"
#include "lanes/flow_table.h"
#include "lanes/promote.h"
#include "lanes/review.h"
#include "lanes/transit.h"
#include "policy/rr_detect.h"
#include "rules/priority.h"

#define FLOWS_MAX 1024		/* flows in lanes, of 8 KB each */
#define RULED_MAX 512		/* of them, promoted by a rule alone, below the rate */

/* Packets per second above which a flow is not short requests. */
#define REQUESTS_RATE 10000

/* The kernel's queues hold no packet of a flow that was quiet for so long. */
#define FRESH HZ

/* Time until the next try: after a refusal, after one as hooks are parked, after a failed trial. */
#define RETRY HZ
#define RETRY_PARKED (HZ / 50 ?: 1)
#define RETRY_TRIAL   (5 * HZ)

/*
 * Time between two looks for a flow's endpoint, at the same moments for all flows: the first once
 * the endpoint is known, the second while its socket may yet appear.
 */
#define ENDPOINT_INTERVAL HZ
#define ENDPOINT_RETRY    (HZ / 25 ?: 1)

static unsigned long missed;	/* jiffies of the last packet whose flow got no entry */
static void (*unpark_hooks)(void);

/*
 * True if no packet of a flow without an entry can be in a queue. Eviction picks the quietest
 * entry: if today's victim has been quiet for FRESH, so was every earlier one.
 */
static bool is_fresh(const struct falcon_plan *plan, const struct falcon_flow_entry *victim,
		     const struct falcon_encap *encap)
{
	return time_after_eq(jiffies, falcon_plan_since(plan, encap) + FRESH) &&
	       jiffies - READ_ONCE(missed) >= FRESH &&
	       (!victim->hash || jiffies - victim->since >= FRESH);
}

/*
 * True if RPS or a NAPI thread is set on a device of the flow. The NIC's queue is asked for each
 * packet, its tunnels once per jiffy. A good answer is noted; after a bad one the flow never goes
 * ahead again.
 */
static bool must_step_back(struct falcon_flow_entry *entry, const struct sk_buff *skb)
{
	const struct falcon_encap encap = { .kind = entry->encap, .port = entry->subject.port };
	u32 now = jiffies;

	if (READ_ONCE(entry->retry) != now) {
		if (falcon_tunnels_reason(skb->dev, &encap,
					  entry->subject.vni) != FALCON_REASON_NONE)
			return true;
		WRITE_ONCE(entry->retry, now);
	}
	return falcon_packet_has_rps(skb);
}

/*
 * True if the rule lets the flow's packets go ahead, here on the NIC's CPU, and queues cannot hold
 * packets of it that nobody has looked at while hooks were parked. RPS that was set just now does
 * no harm, since packets that go ahead enter no queue.
 */
static bool can_go_ahead(const struct falcon_plan *plan, struct falcon_flow_entry *entry,
			 const struct sk_buff *skb)
{
	return entry->priority.sync && plan->ahead && !plan->parked &&
	       time_after_eq(jiffies, plan->awake + FRESH) && in_serving_softirq() &&
	       !must_step_back(entry, skb);
}

static bool is_endpoint_due(const struct falcon_flow_entry *entry)
{
	return !falcon_clock_is_ahead(READ_ONCE(entry->endpoint_due), jiffies, ENDPOINT_INTERVAL);
}

static bool wants_endpoint(u32 hash, const struct falcon_key *key)
{
	const struct falcon_flow_entry *entry = falcon_flow_table_find_inner(hash, key);

	return entry && is_endpoint_due(entry);
}

static void note_endpoint(u32 hash, const struct falcon_key *key,
			  const struct falcon_endpoint *endpoint,
			  bool whole)
{
	unsigned int interval = whole ? ENDPOINT_INTERVAL : ENDPOINT_RETRY;
	struct falcon_flow_entry *entry;

	/* Another CPU has the lock: the next packet will do. */
	if (!spin_trylock(falcon_flow_table_lock(hash)))
		return;
	entry = falcon_flow_table_find_inner(hash, key);
	if (entry) {
		WRITE_ONCE(entry->endpoint_due, roundup(jiffies + 1, interval));
		if (memcmp(&entry->subject.endpoint, endpoint, sizeof(*endpoint))) {
			entry->subject.endpoint = *endpoint;
			WRITE_ONCE(entry->priority.generation, falcon_priority_generation() - 1);
		}
	}
	spin_unlock(falcon_flow_table_lock(hash));
}

bool falcon_promote_watch(const struct falcon_plan *plan, u32 hash,
			  const struct falcon_subject *subject, const struct falcon_encap *encap,
			  const struct sk_buff *skb, u32 *rule)
{
	const struct net_device *dev = skb->dev;
	struct falcon_flow_entry *entry;
	bool ahead = false;

	/* Another CPU has the lock: the next packet will do. */
	if (!spin_trylock(falcon_flow_table_lock(hash))) {
		WRITE_ONCE(missed, jiffies);
		return false;
	}
	entry = falcon_flow_table_find(hash) ? NULL : falcon_flow_table_victim(hash);
	/* Another CPU has just put it into the table, or its whole bucket is in lanes. */
	if (!entry)
		WRITE_ONCE(missed, jiffies);
	if (entry) {
		ahead = is_fresh(plan, entry, encap);
		WRITE_ONCE(entry->hash, 0);
		smp_wmb();	/* pairs with falcon_show_walk() */
		entry->subject = *subject;
		entry->encap = encap->kind;
		entry->retry = jiffies - 1;
		falcon_priority_find(subject, false, &entry->priority);
		ahead = ahead && can_go_ahead(plan, entry, skb);
		entry->ahead = ahead;
		*rule = entry->priority.rule;
		entry->ifindex = dev->ifindex;
		entry->netns = dev_net(dev)->ns.inum;
		entry->count = 1;
		entry->since = jiffies;
		entry->endpoint_due = jiffies;
		entry->rr_detect = (struct falcon_rr_detect){};
		entry->requests = false;
		entry->reason = FALCON_REASON_RATE;
		smp_wmb();	/* as above */
		WRITE_ONCE(entry->hash, hash);
	}
	spin_unlock(falcon_flow_table_lock(hash));
	if (falcon_priority_wants_endpoints())
		falcon_endpoint_expect();
	return ahead;
}

static bool is_above(const struct falcon_plan *plan, u32 count)
{
	return falcon_policy_is_elephant(count, plan->elephant_window,
					 falcon_load_above(smp_processor_id()));
}

/* Returns true if the flow is above the rate. @refused: its promotion failed a short time ago */
static bool count_packet(const struct falcon_plan *plan, struct falcon_flow_entry *entry,
			 bool refused)
{
	unsigned long elapsed = jiffies - READ_ONCE(entry->since);
	u32 count = READ_ONCE(entry->count) + 1;

	if (elapsed >= FALCON_PROMOTE_WINDOW) {
		WRITE_ONCE(entry->since, jiffies);
		/* The last refusal is over: only the rate keeps the flow from lanes. */
		if (!refused && !READ_ONCE(entry->priority.rule) && !is_above(plan, count - 1))
			WRITE_ONCE(entry->reason, FALCON_REASON_RATE);
		count = 1;
	}
	WRITE_ONCE(entry->count, count);
	return is_above(plan, count);
}

/* Find the rule anew. If another CPU has the table's or the flow's lock the next packet will do. */
static void look_up(struct falcon_flow_entry *entry, u32 hash)
{
	struct falcon_priority priority;
	struct falcon_flow *flow;

	if (!spin_trylock(falcon_flow_table_lock(hash)))
		return;
	if (entry->hash == hash) {
		falcon_priority_find(&entry->subject, READ_ONCE(entry->requests), &priority);
		flow = falcon_flow_get(&entry->flow, hash);
		if (!flow || falcon_transit_prioritise(flow, &priority))
			entry->priority = priority;
		if (flow)
			falcon_flow_put(flow);
	}
	spin_unlock(falcon_flow_table_lock(hash));
}

/*
 * Count each packet, so that a flow loses its priority with the packet that shows it to be bulk.
 * Flows that are in lanes by their rate are bulk; besides, most of their packets go into a bin and
 * do not come here.
 */
static void watch_requests(struct falcon_flow_entry *entry, u32 poll)
{
	bool requests;

	if (!entry->encap ||
	    (rcu_access_pointer(entry->flow) && !READ_ONCE(entry->priority.automatic)))
		return;
	requests = falcon_rr_detect_see(&entry->rr_detect, poll, jiffies, FALCON_PROMOTE_WINDOW,
					REQUESTS_RATE * FALCON_PROMOTE_WINDOW / HZ);
	if (requests == entry->requests)
		return;
	WRITE_ONCE(entry->requests, requests);
	WRITE_ONCE(entry->priority.generation, falcon_priority_generation() - 1);
}

/* True if the flow, which is on the kernel's path, is due for promotion. */
static bool is_due(const struct falcon_plan *plan, struct falcon_flow_entry *entry)
{
	/* RETRY_TRIAL is the longest time that retry is set to. */
	bool refused = falcon_clock_is_ahead(READ_ONCE(entry->retry), jiffies, RETRY_TRIAL);
	bool above = count_packet(plan, entry, refused);

	if (refused || (!entry->encap && !plan->host))
		return false;
	if (READ_ONCE(entry->priority.rule))
		return plan->ahead;
	if (unlikely(above && plan->standby))
		WRITE_ONCE(entry->reason, falcon_flow_standby_reason(plan));
	return above && !plan->standby;
}

enum falcon_promote_answer falcon_promote_ask(const struct falcon_plan *plan, u32 hash,
					      const struct sk_buff *skb, u32 poll,
					      struct falcon_flow **flow, u32 *rule)
{
	struct falcon_flow_entry *entry = falcon_flow_table_find(hash);

	if (!entry)
		return FALCON_PROMOTE_UNKNOWN;
	if (plan->priority_auto)
		watch_requests(entry, poll);
	if (unlikely(READ_ONCE(entry->priority.generation) != falcon_priority_generation()))
		look_up(entry, hash);
	if (unlikely(falcon_priority_wants_endpoints()) && is_endpoint_due(entry))
		falcon_endpoint_expect();
	if (rcu_access_pointer(entry->flow)) {
		*flow = falcon_flow_get(&entry->flow, hash);
		return *flow ? FALCON_PROMOTE_LANES : FALCON_PROMOTE_KERNEL;
	}
	if (READ_ONCE(entry->ahead)) {
		if (can_go_ahead(plan, entry, skb)) {
			count_packet(plan, entry, false);
			*rule = entry->priority.rule;
			return FALCON_PROMOTE_AHEAD;
		}
		/* From here on queues may hold packets of it. */
		WRITE_ONCE(entry->ahead, false);
	}
	return is_due(plan, entry) ? FALCON_PROMOTE_DUE : FALCON_PROMOTE_KERNEL;
}

/* The reason against the promotion of a flow that is due, or FALCON_REASON_NONE. */
static enum falcon_reason find_reason(const struct net_device *nic,
				      const struct falcon_encap *encap,
				      u32 vni, bool ruled)
{
	/* A NAPI thread polls the NIC, or a task that busy-polls: on this CPU by chance. */
	if (!in_serving_softirq())
		return current->flags & PF_KTHREAD ? FALCON_REASON_THREADED :
						     FALCON_REASON_BUSY_POLL;
	if (falcon_budget_flows() >= FLOWS_MAX || (ruled && falcon_budget_ruled() >= RULED_MAX))
		return FALCON_REASON_TABLE;
	return falcon_devices_reason(nic, encap, vni);
}

static void refuse(u32 hash, enum falcon_reason reason)
{
	struct falcon_flow_entry *entry;

	spin_lock(falcon_flow_table_lock(hash));
	entry = falcon_flow_table_find(hash);
	if (entry) {
		entry->reason = reason;
		entry->retry = jiffies + (reason == FALCON_REASON_PARKED ? RETRY_PARKED : RETRY);
	}
	spin_unlock(falcon_flow_table_lock(hash));
}

struct falcon_flow *falcon_promote_make(const struct falcon_plan *plan, u32 hash,
					const struct falcon_subject *subject,
					const struct falcon_encap *encap,
					const struct net_device *nic)
{
	bool host = encap->kind == FALCON_ENCAP_NONE;
	struct falcon_priority priority = {};
	struct falcon_flow_entry *entry;
	struct falcon_flow *flow = NULL;
	enum falcon_reason reason;
	u32 count = 0;
	bool ruled;

	/* The entry may get another flow or another rule at any time: copy it under the lock. */
	spin_lock(falcon_flow_table_lock(hash));
	entry = falcon_flow_table_find(hash);
	if (entry) {
		priority = entry->priority;
		count = READ_ONCE(entry->count);
	}
	spin_unlock(falcon_flow_table_lock(hash));

	ruled = priority.rule && !is_above(plan, count);
	reason = find_reason(nic, encap, subject->vni, ruled);
	if (reason == FALCON_REASON_NONE) {
		flow = kzalloc(sizeof(*flow), GFP_ATOMIC | __GFP_NOWARN);
		if (!flow)
			reason = FALCON_REASON_TABLE;
		else if (!falcon_transit_init(flow, plan, hash, &subject->key, host, &priority))
			reason = FALCON_REASON_NO_CPU;
		else if (plan->parked)
			reason = FALCON_REASON_PARKED;
	}
	if (reason == FALCON_REASON_NONE) {
		flow->ruled = ruled;
		return flow;
	}
	if (reason == FALCON_REASON_PARKED)
		unpark_hooks();
	kfree(flow);
	refuse(hash, reason);
	return NULL;
}

bool falcon_promote_enter(struct falcon_flow *flow)
{
	struct falcon_flow_entry *entry;
	u32 hash = flow->hash;
	bool enters;

	spin_lock(falcon_flow_table_lock(hash));
	entry = falcon_flow_table_find(hash);
	enters = entry && !rcu_access_pointer(entry->flow);
	if (enters) {
		entry->reason = FALCON_REASON_NONE;
		refcount_inc(&flow->refs);
		/* The list first: a flow that is found in the table must be in the list. */
		falcon_flow_list_add(flow);
		rcu_assign_pointer(entry->flow, flow);
	}
	spin_unlock(falcon_flow_table_lock(hash));
	if (enters)
		falcon_review_start();
	return enters;
}

void falcon_promote_leave(struct falcon_flow *flow)
{
	struct falcon_flow_entry *entry;
	u32 hash = flow->hash;

	spin_lock(falcon_flow_table_lock(hash));
	entry = falcon_flow_table_find(hash);
	if (entry && rcu_access_pointer(entry->flow) == flow) {
		RCU_INIT_POINTER(entry->flow, NULL);
		entry->reason = flow->reason;
		entry->count = 0;
		entry->since = jiffies;
		entry->retry = jiffies;
		if (entry->reason == FALCON_REASON_NO_MERGE ||
		    entry->reason == FALCON_REASON_QUEUED)
			entry->retry += RETRY_TRIAL;
	}
	spin_unlock(falcon_flow_table_lock(hash));

	/* It stays in the list as long as somebody has a reference, and with it maybe packets. */
	falcon_flow_list_leave(flow);
	falcon_flow_put(flow);
}

static const struct falcon_endpoint_ops endpoint_ops = {
	.wants	= wants_endpoint,
	.endpoint	= note_endpoint,
};

void falcon_promote_start(void (*wake)(void))
{
	unpark_hooks = wake;
	falcon_endpoint_tell(&endpoint_ops);
}
