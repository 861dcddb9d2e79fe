// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/sched/clock.h>

#include "core/stats.h"
#include "core/trace.h"
#include "host/cpu.h"
#include "lanes/census.h"
#include "lanes/context.h"
#include "lanes/drop.h"
#include "lanes/elephant.h"
#include "lanes/inbox.h"
#include "lanes/lane.h"
#include "lanes/step.h"

bool falcon_elephant_take(struct falcon_elephant *elephant, struct falcon_chain *packets,
			  struct falcon_context *context)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_run *run;
	unsigned int count;
	u32 number;

	/* Set on this CPU, or packets of this CPU were never before those of the other. */
	if (unlikely(READ_ONCE(elephant->dead)))
		return false;
	/*
	 * It has all that it may, or what is in the inbox makes it so: of a holder of the lock that
	 * does not run, as happens to virtual CPUs.
	 */
	if (unlikely(atomic_read(&elephant->posted) + falcon_elephant_memory(elephant) >=
		     falcon_census_share().bytes)) {
		falcon_drop_full(packets);
		return true;
	}
	falcon_inbox_post(elephant, packets);
	for (;;) {
		if (unlikely(!spin_trylock(&elephant->lock))) {
			/*
			 * Who has the lock sees to the inbox, and needs no reference for that, but
			 * when the flow has left: ours must last until it is through. A flow that
			 * does not leave now has not left before its inbox is looked at again.
			 */
			if (likely(!READ_ONCE(elephant->leaving)))
				break;
			spin_lock(&elephant->lock);
		}
		falcon_inbox_empty(elephant, plan);
		run = context ? falcon_inbox_push(elephant, plan ? plan->batch : 1, true) : NULL;
		number = run ? run->number : 0;
		if (run)
			falcon_lane_add(run->worker, run->taken);
		falcon_inbox_done(elephant, plan);
		if (!run)
			break;
		count = falcon_elephant_process(elephant, number, 1, context);
		falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_INLINE, count);
	}
	return true;
}

bool falcon_elephant_init(struct falcon_elephant *elephant, const struct falcon_plan *plan,
			  u32 hash, const struct falcon_key *key, bool host,
			  const struct falcon_priority *priority)
{
	spin_lock_init(&elephant->lock);
	elephant->hash = hash;
	elephant->key = *key;
	elephant->host = host;
	elephant->priority = *priority;
	elephant->class = priority->class;
	elephant->gate = FALCON_GATE_UP;
	elephant->home = smp_processor_id();
	elephant->relieves = falcon_load_above(elephant->home);
	elephant->gate_cpu = elephant->home;
	elephant->gate_in_cell = true;
	elephant->worker = elephant->home;
	falcon_way_init(&elephant->way);
	falcon_backlog_mark_passed(&elephant->delivered, elephant->home);
	refcount_set(&elephant->refs, 1);
	elephant->watched = jiffies;
	elephant->rate_since = jiffies;
	elephant->used = jiffies;
	falcon_placement_init(&elephant->placement, hash, key->protocol, host);
	INIT_LIST_HEAD(&elephant->node);
	INIT_LIST_HEAD(&elephant->gate_node);
	falcon_outlet_init(&elephant->outlet);
	return falcon_step_follow(elephant, plan);
}

bool falcon_elephant_prioritise(struct falcon_elephant *elephant,
				const struct falcon_priority *priority)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);

	if (!spin_trylock(&elephant->lock))
		return false;
	elephant->priority = *priority;
	if (plan && !elephant->leaving) {
		/* It is on stock's path in a moment, without a stop at a worker. */
		if (falcon_rung_is_slow(elephant, plan))
			falcon_step_leave(elephant, FALCON_LIMIT_RATE);
		else
			falcon_step_adapt(elephant, plan, elephant->home);
	}
	falcon_inbox_done(elephant, plan);
	return true;
}

void falcon_elephant_leave(struct falcon_elephant *elephant, enum falcon_limit limit)
{
	spin_lock(&elephant->lock);
	falcon_step_leave(elephant, limit);
	falcon_inbox_done(elephant, rcu_dereference_bh(falcon_plan));
}

void falcon_elephant_open(struct falcon_elephant *elephant)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);

	spin_lock(&elephant->lock);
	elephant->gate = elephant->leaving ? FALCON_GATE_DOWN : FALCON_GATE_OPEN;
	falcon_step_count(elephant, FALCON_A_COUNTERS_CLIMBS);
	falcon_step_release(elephant);
	falcon_inbox_done(elephant, plan);
}

/* Packets that waited and are processed in one go when the flow leaves: as the NIC's poll would. */
#define RELEASE_MAX NAPI_POLL_WEIGHT

/* When what the last delivery left in a backlog is through. */
static bool may_deliver(struct falcon_elephant *elephant, u16 cpu)
{
	return elephant->delivered.cpu == cpu || falcon_backlog_is_through(&elephant->delivered);
}

static u16 delivery_cpu(struct falcon_elephant *elephant)
{
	const struct falcon_placement *placement = &elephant->placement;
	u16 cpu = placement->own ? placement->spread.delivery : smp_processor_id();

	if (!elephant->trial.over || READ_ONCE(elephant->way.by_cpu))
		cpu = elephant->home;
	return may_deliver(elephant, cpu) ? cpu : elephant->delivered.cpu;
}

static void queue_delivery(struct falcon_elephant *elephant)
{
	if (!elephant->ready.count || elephant->delivery_state != FALCON_DELIVERY_IDLE)
		return;
	elephant->delivery_state = FALCON_DELIVERY_QUEUED;
	falcon_lane_deliver(delivery_cpu(elephant), elephant, &elephant->rested);
}

static bool wants_gro(const struct falcon_elephant *elephant, const struct falcon_chain *packets)
{
	return packets->first &&
	       falcon_way_wants_gro(&elephant->key, elephant->host, packets->first);
}

/* What no worker has begun with would only come to a queue from several CPUs. */
static void recall(struct falcon_elephant *elephant)
{
	struct falcon_chain packets = {};

	falcon_lane_recall(&elephant->merge, &packets);
	falcon_chain_splice(&packets, &elephant->waiting);
	elephant->waiting = packets;
}

/* By what its trial says. A flow that a rule keeps at home is tried anew. */
static void judge(struct falcon_elephant *elephant, bool came, bool ends_here)
{
	bool passed = falcon_backlog_is_through(&elephant->way.astray);

	switch (falcon_trial_see(&elephant->trial, came, passed, ends_here)) {
	case FALCON_VERDICT_NONE:
		return;
	case FALCON_VERDICT_WORKERS:
		falcon_step_rotate(elephant);
		if (!elephant->several && !elephant->placement.home)
			falcon_step_count(elephant, FALCON_A_COUNTERS_CLIMBS);
		return;
	case FALCON_VERDICT_STOCK:
		break;
	}
	if (elephant->placement.home) {
		elephant->trial = (struct falcon_trial){};
		return;
	}
	recall(elephant);
	falcon_step_leave(elephant, falcon_way_has_queue(&elephant->way) ? FALCON_LIMIT_QUEUED :
							       FALCON_LIMIT_NO_MERGE);
}

/* What the outcome of a run says about the way that the flow takes. */
static void learn(struct falcon_elephant *elephant, const struct falcon_context *context,
		  struct net_device *nic, unsigned int taken)
{
	bool came = falcon_way_has_come(context, nic, taken);

	/* Written when it changes only: the NIC's CPU reads the line. */
	if (elephant->headers != context->headers)
		WRITE_ONCE(elephant->headers, context->headers);
	if (context->output.count)
		elephant->placement.rxhash = skb_get_hash_raw(context->output.first);
	falcon_way_see(&elephant->way, context, came);
	judge(elephant, came, !came && falcon_way_ends_here(context, nic, &elephant->key,
							    elephant->host));
	if (context->watched)
		elephant->watched = jiffies + HZ;
	if (context->watched || !came)
		falcon_step_rotate(elephant);
}

/*
 * How many of those ready may be delivered now. Where the container's device has a ring, its own
 * poll, on whatever CPU, must have taken what is above the flow's share: that CPU may stand still,
 * or what was held up may come in one go, and the ring would drop what stock leaves in the NIC's.
 */
static unsigned int deliverable(struct falcon_elephant *elephant, unsigned int budget)
{
	const struct sk_buff *skb = elephant->ready.first;
	unsigned int count = min(budget, elephant->ready.count);

	if (falcon_context_merged_at(skb) != FALCON_MERGE_POINT_TRANSMIT)
		return count;
	falcon_ring_look(&elephant->ring, skb->dev, count);
	return falcon_ring_take(&elephant->ring, count);
}

/*
 * Deliver what is ready, here; the lock is given back meanwhile. Nobody else delivers, so the
 * next one, on whatever CPU, begins when this has ended. Returns packets; @behind: and those that
 * came up behind, as many more.
 */
static unsigned int deliver_ready(struct falcon_elephant *elephant,
				  const struct falcon_plan *plan, unsigned int budget,
				  unsigned int *behind)
	__must_hold(&elephant->lock)
{
	struct falcon_delivered delivered;
	struct falcon_chain packets = {};
	unsigned int count = 0, some;
	bool forwarded = false;

	elephant->delivery_state = FALCON_DELIVERY_RUNNING;
	*behind = 0;
	while (elephant->ready.count && count + *behind < budget) {
		some = deliverable(elephant, budget - count - *behind);
		if (!some)
			break;
		falcon_chain_cut(&packets, &elephant->ready, some);
		elephant->delivering = packets.count;
		elephant->delivering_bytes = packets.bytes;
		count += packets.count;
		falcon_inbox_done(elephant, plan);
		delivered = falcon_context_deliver(&packets);
		*behind += delivered.behind;
		forwarded |= delivered.forwarded;
		spin_lock(&elephant->lock);
	}
	elephant->delivering = 0;
	elephant->delivering_bytes = 0;
	elephant->delivery_state = FALCON_DELIVERY_IDLE;
	/* Answers pass it once; what a container with one leg forwards may come there again. */
	falcon_backlog_mark(&elephant->delivered, forwarded ? FALCON_BACKLOG_PASSES : 1);
	return count;
}

int falcon_elephant_deliver(struct falcon_elephant *elephant, unsigned int budget)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	unsigned int behind = 0;
	int count = 0;

	spin_lock(&elephant->lock);
	/* A helper, or who stands in for a CPU that is offline, was not asked for. */
	if (likely(may_deliver(elephant, smp_processor_id())))
		count = deliver_ready(elephant, plan, budget, &behind);
	/* What it was queued for may have gone meanwhile. */
	elephant->delivery_state = FALCON_DELIVERY_IDLE;
	if (count || !elephant->ready.count) {
		queue_delivery(elephant);
	} else {
		elephant->delivery_state = FALCON_DELIVERY_QUEUED;
		count = -EAGAIN;
	}
	falcon_step_release(elephant);
	falcon_inbox_done(elephant, plan);
	return count < 0 ? count : count + behind;
}

/* The packets of a worker's runs. */
static void start(struct falcon_elephant *elephant, const struct falcon_plan *plan, u32 first,
		  unsigned int count, struct falcon_chain *packets)
{
	unsigned int i;

	spin_lock(&elephant->lock);
	for (i = 0; i < count; i++)
		falcon_merge_start(falcon_merge_run(&elephant->merge, first + i), packets);
	falcon_lane_add(falcon_merge_run(&elephant->merge, first)->worker, -packets->count);
	falcon_inbox_done(elephant, plan);
}

/* Before anything that came of a run is handed in: to which devices that has come. */
static void note_outlet(struct falcon_elephant *elephant, const struct net_device *dev)
{
	if (elephant->ready.count || elephant->merge.held)
		dev = FALCON_OUTLET_SEVERAL;
	if (elephant->outlet.dev != dev)
		falcon_outlet_set(&elephant->outlet, dev);
}

/* Hand in what came of the runs. Returns how much of it must wait. */
static unsigned int finish(struct falcon_elephant *elephant, u32 first, unsigned int count,
			   struct falcon_chain *output)
{
	u32 head = elephant->merge.head;
	struct falcon_chain none = {};
	unsigned int held = 0, i;
	struct falcon_run *run;

	for (i = 0; i < count; i++) {
		run = falcon_merge_run(&elephant->merge, first + i);
		held += falcon_merge_finish(&elephant->merge, run,
					    i < count - 1 ? &none : output, &elephant->ready);
	}
	for (; head != elephant->merge.head; head++) {
		run = falcon_merge_run(&elephant->merge, head);
		trace_falcon_batch_release(elephant->hash, run->batch, run->worker, run->taken);
	}
	return held;
}

unsigned int falcon_elephant_process(struct falcon_elephant *elephant, u32 first,
				     unsigned int count, struct falcon_context *context)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_chain packets = {};
	struct net_device *nic = NULL;
	unsigned int taken, merged, held;
	u64 began;

	began = local_clock();
	start(elephant, plan, first, count, &packets);
	taken = packets.count;
	if (likely(taken))
		nic = packets.first->dev;
	context->headers = READ_ONCE(elephant->headers);
	context->behind = 0;
	falcon_context_run(context, &packets, wants_gro(elephant, &packets));
	merged = context->output.count;
	falcon_way_look(&elephant->way, context, elephant->key.protocol);

	spin_lock(&elephant->lock);
	/* Devices stay for this softirq. Of what went with its device nothing is learnt. */
	if (likely(nic))
		learn(elephant, context, nic, taken);
	if (unlikely(merged && context->outlet != elephant->outlet.dev))
		note_outlet(elephant, context->outlet);
	held = finish(elephant, first, count, &context->output);
	if (elephant->delivery_state == FALCON_DELIVERY_IDLE && elephant->ready.count &&
	    delivery_cpu(elephant) == smp_processor_id())
		deliver_ready(elephant, plan, FALCON_RUN_MAX, &context->behind);
	queue_delivery(elephant);
	falcon_step_release(elephant);
	elephant->placement.work += local_clock() - began;
	falcon_inbox_done(elephant, plan);

	falcon_context_count(count, taken, merged, held);
	return taken;
}

enum falcon_release falcon_elephant_release(struct falcon_elephant *elephant,
					    struct falcon_context *context)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_chain packets = {};
	unsigned int done = 0;
	bool left;

	spin_lock(&elephant->lock);
	falcon_inbox_empty(elephant, plan);
	/* What waits, and what stock is to deliver, would overtake it. */
	if (!may_deliver(elephant, smp_processor_id()) ||
	    unlikely(!falcon_way_has_calmed(&elephant->way, elephant->left))) {
		falcon_inbox_done(elephant, plan);
		return FALCON_RELEASE_WAITS;
	}
	while (elephant->waiting.count) {
		if (done >= RELEASE_MAX) {
			falcon_inbox_done(elephant, plan);
			return FALCON_RELEASE_MORE;
		}
		falcon_chain_cut(&packets, &elephant->waiting, RELEASE_MAX);
		falcon_inbox_done(elephant, plan);
		done += falcon_context_pass(context, &packets,
					    wants_gro(elephant, &packets));
		spin_lock(&elephant->lock);
		/* Its home may be another CPU before the next go. */
		falcon_backlog_mark(&elephant->delivered, FALCON_BACKLOG_PASSES);
		falcon_inbox_empty(elephant, plan);
	}
	left = !elephant->dead;
	WRITE_ONCE(elephant->dead, true);
	elephant->releasing = false;
	falcon_inbox_done(elephant, plan);
	return left ? FALCON_RELEASE_LEFT : FALCON_RELEASE_EMPTIED;
}
