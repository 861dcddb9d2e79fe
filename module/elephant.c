// SPDX-License-Identifier: GPL-2.0

#include <linux/in.h>
#include <linux/netdevice.h>
#include <linux/sched/clock.h>

#include "census.h"
#include "clock.h"
#include "context.h"
#include "cpu.h"
#include "doorbell.h"
#include "drop.h"
#include "elephant.h"
#include "lane.h"
#include "roster.h"
#include "rung.h"
#include "stats.h"
#include "trace.h"

/* Packets that waited and are processed in one go when the flow leaves: as the NIC's poll would. */
#define RELEASE_MAX NAPI_POLL_WEIGHT

/* How often the rate is looked at. */
#define RATE_INTERVAL (HZ / 5)

static struct falcon_run *run_at(struct falcon_elephant *elephant, u32 number)
{
	return &elephant->merge.runs[number % FALCON_RUNS];
}

static void take_steps(struct falcon_elephant *elephant, unsigned int counter)
{
	elephant->steps++;
	falcon_count(FALCON_STAGE_NIC, counter);
}

/* By a plan that it has not followed yet, or after the NIC's CPU or the rules have changed. */
static bool follow(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	elephant->generation = plan->generation;
	falcon_placement_stay_home(&elephant->placement, falcon_rung_stays_home(elephant, plan));
	if (!falcon_placement_follow(&elephant->placement, plan, elephant->home))
		return false;
	elephant->turn %= elephant->placement.spread.count;
	return true;
}

static bool is_drained(const struct falcon_elephant *elephant)
{
	return falcon_merge_empty(&elephant->merge) && !elephant->ready.count &&
	       elephant->delivery_state == FALCON_DELIVERY_IDLE;
}

/* The last packet in flight is through, or none was: the home CPU lets the flow go. */
static void leave_drained(struct falcon_elephant *elephant)
{
	if (elephant->gate != FALCON_GATE_DOWN || elephant->releasing || !is_drained(elephant))
		return;
	elephant->releasing = true;
	falcon_doorbell_release(elephant->home, elephant);
}

/* Before its gate is open the flow goes on waiting: stock's queues may have packets of it. */
static void leave(struct falcon_elephant *elephant, enum falcon_limit limit)
{
	if (elephant->leaving)
		return;
	elephant->leaving = true;
	elephant->left = jiffies;
	elephant->limit = limit;
	take_steps(elephant, FALCON_A_COUNTERS_DESCENTS);
	if (elephant->gate == FALCON_GATE_OPEN)
		elephant->gate = FALCON_GATE_DOWN;
	leave_drained(elephant);
}

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

/* Whether the flow is to be on several CPUs, and the counters of a change. */
static void rotate_or_not(struct falcon_elephant *elephant)
{
	bool several = elephant->placement.spread.count > 1 && falcon_rung_is_merged(elephant);

	if (elephant->leaving)
		return;
	elephant->limit = falcon_rung_limit(elephant);
	if (several == elephant->several)
		return;
	elephant->several = several;
	take_steps(elephant, several ? FALCON_A_COUNTERS_CLIMBS : FALCON_A_COUNTERS_DESCENTS);
}

/* The worker of the next packets: the next one's turn when the micro-flow is full. */
static u16 next_worker(struct falcon_elephant *elephant, u32 batch)
{
	u16 worker = elephant->placement.spread.workers[elephant->turn];

	/* The first micro-flow is not over before the trial. */
	if (!elephant->trial.over)
		return elephant->home;
	if (elephant->in_batch < batch)
		return worker;
	trace_falcon_batch_close(elephant->hash, elephant->batch, worker, elephant->in_batch);
	elephant->batch++;
	elephant->in_batch = 0;
	rotate_or_not(elephant);
	if (elephant->several)
		elephant->turn = (elephant->turn + 1) % elephant->placement.spread.count;
	worker = elephant->placement.spread.workers[elephant->turn];
	trace_falcon_batch_open(elephant->hash, elephant->batch, worker, elephant->waiting.count);
	return worker;
}

/*
 * The CPU for the next packets. Runs of a flow that is not merged must not be on two at once:
 * it keeps its worker until nothing is in flight, in the backlog of that CPU either.
 *
 * A full lane slows down who brings the packets (@here), so that the NIC's ring fills up
 * instead: it does the work itself.
 */
static u16 choose_worker(struct falcon_elephant *elephant, u32 batch, bool here)
{
	u16 worker = next_worker(elephant, batch);

	if (!falcon_rung_is_merged(elephant))
		return falcon_merge_empty(&elephant->merge) &&
		       falcon_backlog_is_through(&elephant->way.astray) ? worker : elephant->worker;
	return here && falcon_lane_is_full(worker) ? smp_processor_id() : worker;
}

/*
 * What waits goes to the workers, as far as the ring has room; what finishes makes room and
 * comes here again. Returns a run that is to be processed on this CPU, at once.
 */
static struct falcon_run *push(struct falcon_elephant *elephant, u32 batch, bool here)
{
	struct falcon_run *run;
	unsigned int count;
	u16 worker;
	bool free;

	while (elephant->gate == FALCON_GATE_OPEN && elephant->waiting.count) {
		/* Whether the packets may be anywhere: those before are put in order, or gone. */
		free = falcon_rung_is_merged(elephant) || falcon_merge_empty(&elephant->merge);
		worker = choose_worker(elephant, batch, here);
		count = falcon_merge_assign(&elephant->merge, &elephant->waiting, worker,
					    elephant->batch, &run);
		if (!count)
			break;
		elephant->worker = worker;
		elephant->in_batch += count;
		if (run) {
			run->elephant = elephant;
			if (free)
				WRITE_ONCE(elephant->class, elephant->priority.class);
			run->class = elephant->class;
			if (worker == smp_processor_id() && here && free)
				return run;
			falcon_lane_queue(worker, run, &elephant->rested);
		}
		falcon_lane_add(worker, count);
	}
	return NULL;
}

/* Packets on their way into the inbox, in the first one's cb, which GRO has not got yet. */
struct parcel {
	struct llist_node	node;
	struct sk_buff		*last;
	unsigned int		count;
	u32			bytes;
	u16			home;
};

/*
 * What it counts as in the inbox, in bytes: so much for each packet at least that there are no more
 * packets than a flow may have. Whoever comes to see to them has the lock meanwhile.
 */
static u32 weight_of(const struct parcel *parcel)
{
	return max(parcel->bytes, parcel->count * (FALCON_SHARE_BYTES / FALCON_SHARE_PACKETS));
}

static void post(struct falcon_elephant *elephant, struct falcon_chain *packets)
{
	struct parcel *parcel = (struct parcel *)packets->first->cb;

	BUILD_BUG_ON(sizeof(*parcel) > sizeof(packets->first->cb));
	parcel->last = packets->last;
	parcel->count = packets->count;
	parcel->bytes = packets->bytes;
	parcel->home = smp_processor_id();
	*packets = (struct falcon_chain){};
	atomic_add(weight_of(parcel), &elephant->posted);
	llist_add(&parcel->node, &elephant->inbox);
}

/* As a full backlog would. */
static void drop_full(struct falcon_chain *packets)
{
	struct sk_buff *skb;

	falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_DROPPED_FULL, packets->count);
	while ((skb = falcon_chain_pop(packets)))
		kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
}

/*
 * As many as the flow may still have in flight, in packets and in bytes: a last one beyond, so that
 * a single packet can never be too large.
 */
static void accept(struct falcon_elephant *elephant, struct falcon_chain *packets)
{
	u32 in_flight = falcon_elephant_in_flight(elephant);
	u32 memory = falcon_elephant_memory(elephant);
	struct falcon_share share = falcon_census_share();
	unsigned int count = packets->count;

	elephant->packets += count;
	elephant->used = jiffies;
	falcon_chain_cut_to(&elephant->waiting, packets,
			    share.packets - min(in_flight, share.packets),
			    share.bytes - min(memory, share.bytes));
	if (elephant->gate == FALCON_GATE_UP)
		falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_GATED,
				  count - packets->count);
	if (unlikely(packets->count))
		drop_full(packets);
}

/* The plan, or the NIC's CPU, is another one. */
static void adapt(struct falcon_elephant *elephant, const struct falcon_plan *plan, u16 home)
{
	elephant->home = home;
	if (falcon_rung_is_unwanted(elephant, plan))
		leave(elephant, FALCON_LIMIT_STANDBY);
	else if (elephant->rate_packets && falcon_rung_is_slow(elephant, plan))
		leave(elephant, FALCON_LIMIT_RATE);
	else if (!follow(elephant, plan))
		leave(elephant, FALCON_LIMIT_NO_CPU);
	else
		rotate_or_not(elephant);
}

/* The next packets of the inbox, in the order in which they were brought; and who did. */
static bool unpack(struct falcon_elephant *elephant, struct llist_node **posted,
		   struct falcon_chain *packets, u16 *home)
{
	struct parcel *parcel;
	struct sk_buff *skb;

	if (!*posted)
		return false;
	parcel = llist_entry(*posted, struct parcel, node);
	*posted = parcel->node.next;
	skb = container_of((char (*)[sizeof(skb->cb)])parcel, struct sk_buff, cb);
	packets->first = skb;
	packets->last = parcel->last;
	packets->count = parcel->count;
	packets->bytes = parcel->bytes;
	*home = parcel->home;
	atomic_sub(weight_of(parcel), &elephant->posted);
	return true;
}

static void empty_inbox(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	struct falcon_chain packets;
	struct llist_node *posted;
	u16 home;

	if (llist_empty(&elephant->inbox))
		return;
	posted = llist_reverse_order(llist_del_all(&elephant->inbox));
	while (unpack(elephant, &posted, &packets, &home)) {
		if (unlikely(!plan || elephant->generation != plan->generation ||
			     elephant->home != home))
			adapt(elephant, plan, home);
		accept(elephant, &packets);
	}
	/* Brought by another CPU after it had left: that one lets it go, too. */
	if (unlikely(elephant->dead && elephant->waiting.count && !elephant->releasing)) {
		refcount_inc(&elephant->refs);
		elephant->releasing = true;
		falcon_doorbell_release(elephant->home, elephant);
	}
}

/*
 * Give the lock back, having seen to the inbox, and wake the lanes that have got something. Who
 * posted and did not get the lock relies on that: either we see the parcel, or it sees the lock
 * free.
 */
static void unlock(struct falcon_elephant *elephant, const struct falcon_plan *plan)
	__releases(&elephant->lock)
{
	struct falcon_lane *rested;

	for (;;) {
		empty_inbox(elephant, plan);
		push(elephant, plan ? plan->batch : 1, false);
		rested = elephant->rested;
		elephant->rested = NULL;
		spin_unlock(&elephant->lock);
		falcon_lanes_wake(rested);
		smp_mb();	/* pairs with llist_add() in post(), a full barrier */
		if (llist_empty(&elephant->inbox) || !spin_trylock(&elephant->lock))
			return;
	}
}

void falcon_elephant_lock(struct falcon_elephant *elephant)
	__acquires(&elephant->lock)
{
	spin_lock_bh(&elephant->lock);
	empty_inbox(elephant, rcu_dereference_bh(falcon_plan));
}

void falcon_elephant_unlock(struct falcon_elephant *elephant)
	__releases(&elephant->lock)
{
	unlock(elephant, rcu_dereference_bh(falcon_plan));
	local_bh_enable();
}

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
		drop_full(packets);
		return true;
	}
	post(elephant, packets);
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
		empty_inbox(elephant, plan);
		run = context ? push(elephant, plan ? plan->batch : 1, true) : NULL;
		number = run ? run->number : 0;
		if (run)
			falcon_lane_add(run->worker, run->taken);
		unlock(elephant, plan);
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
	return follow(elephant, plan);
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
			leave(elephant, FALCON_LIMIT_RATE);
		else
			adapt(elephant, plan, elephant->home);
	}
	unlock(elephant, plan);
	return true;
}

void falcon_elephant_leave(struct falcon_elephant *elephant, enum falcon_limit limit)
{
	spin_lock(&elephant->lock);
	leave(elephant, limit);
	unlock(elephant, rcu_dereference_bh(falcon_plan));
}

void falcon_elephant_open(struct falcon_elephant *elephant)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);

	spin_lock(&elephant->lock);
	elephant->gate = elephant->leaving ? FALCON_GATE_DOWN : FALCON_GATE_OPEN;
	take_steps(elephant, FALCON_A_COUNTERS_CLIMBS);
	leave_drained(elephant);
	unlock(elephant, plan);
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
		rotate_or_not(elephant);
		if (!elephant->several && !elephant->placement.home)
			take_steps(elephant, FALCON_A_COUNTERS_CLIMBS);
		return;
	case FALCON_VERDICT_STOCK:
		break;
	}
	if (elephant->placement.home) {
		elephant->trial = (struct falcon_trial){};
		return;
	}
	recall(elephant);
	leave(elephant, falcon_way_has_queue(&elephant->way) ? FALCON_LIMIT_QUEUED :
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
		rotate_or_not(elephant);
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
		unlock(elephant, plan);
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
	leave_drained(elephant);
	unlock(elephant, plan);
	return count < 0 ? count : count + behind;
}

/* The packets of a worker's runs. */
static void start(struct falcon_elephant *elephant, const struct falcon_plan *plan, u32 first,
		  unsigned int count, struct falcon_chain *packets)
{
	unsigned int i;

	spin_lock(&elephant->lock);
	for (i = 0; i < count; i++)
		falcon_merge_start(run_at(elephant, first + i), packets);
	falcon_lane_add(run_at(elephant, first)->worker, -packets->count);
	unlock(elephant, plan);
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

	for (i = 0; i < count; i++)
		held += falcon_merge_finish(&elephant->merge, run_at(elephant, first + i),
					    i < count - 1 ? &none : output, &elephant->ready);
	for (; head != elephant->merge.head; head++) {
		run = run_at(elephant, head);
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
	leave_drained(elephant);
	elephant->placement.work += local_clock() - began;
	unlock(elephant, plan);

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
	empty_inbox(elephant, plan);
	/* What waits, and what stock is to deliver, would overtake it. */
	if (!may_deliver(elephant, smp_processor_id()) ||
	    unlikely(!falcon_way_has_calmed(&elephant->way, elephant->left))) {
		unlock(elephant, plan);
		return FALCON_RELEASE_WAITS;
	}
	while (elephant->waiting.count) {
		if (done >= RELEASE_MAX) {
			unlock(elephant, plan);
			return FALCON_RELEASE_MORE;
		}
		falcon_chain_cut(&packets, &elephant->waiting, RELEASE_MAX);
		unlock(elephant, plan);
		done += falcon_context_pass(context, &packets,
					    wants_gro(elephant, &packets));
		spin_lock(&elephant->lock);
		/* Its home may be another CPU before the next go. */
		falcon_backlog_mark(&elephant->delivered, FALCON_BACKLOG_PASSES);
		empty_inbox(elephant, plan);
	}
	left = !elephant->dead;
	WRITE_ONCE(elephant->dead, true);
	elephant->releasing = false;
	unlock(elephant, plan);
	return left ? FALCON_RELEASE_LEFT : FALCON_RELEASE_EMPTIED;
}

static void balance(struct falcon_elephant *elephant, const struct falcon_plan *plan,
		    unsigned long elapsed)
{
	unsigned int share = falcon_placement_measure(&elephant->placement, elapsed);

	if (elephant->gate != FALCON_GATE_OPEN || !elephant->trial.over ||
	    !falcon_placement_balance(&elephant->placement, plan, elephant->home, share,
				      falcon_rung_is_merged(elephant)))
		return;
	elephant->turn %= elephant->placement.spread.count;
	rotate_or_not(elephant);
}

void falcon_elephant_review(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	unsigned long elapsed;

	spin_lock(&elephant->lock);
	falcon_backlog_refresh(&elephant->way.astray);
	falcon_backlog_refresh(&elephant->delivered);
	elapsed = jiffies - elephant->rate_since;
	if (falcon_rung_is_unwanted(elephant, plan)) {
		leave(elephant, FALCON_LIMIT_STANDBY);
	} else if (elapsed >= RATE_INTERVAL) {
		elephant->rate = div_u64((elephant->packets - elephant->rate_packets) * HZ,
					 elapsed);
		elephant->rate_packets = elephant->packets;
		elephant->rate_since = jiffies;
		if (falcon_rung_is_slow(elephant, plan) ||
		    (!elephant->rate && !elephant->priority.rule))
			leave(elephant, FALCON_LIMIT_RATE);
		else if (falcon_rung_stays_home(elephant, plan) != elephant->placement.home)
			adapt(elephant, plan, elephant->home);
		else
			balance(elephant, plan, elapsed);
	}
	unlock(elephant, plan);
}

static unsigned int purge(struct falcon_elephant *elephant)
{
	struct llist_node *posted = llist_reverse_order(llist_del_all(&elephant->inbox));
	struct falcon_chain nic = {}, container = {}, packets;
	struct falcon_run *run;
	unsigned int dropped;
	u32 number;
	u16 home;

	falcon_chain_splice(&nic, &elephant->waiting);
	while (unpack(elephant, &posted, &packets, &home))
		falcon_chain_splice(&nic, &packets);
	falcon_chain_splice(&container, &elephant->ready);
	for (number = elephant->merge.head; number != elephant->merge.tail; number++) {
		run = run_at(elephant, number);
		falcon_chain_splice(run->state == FALCON_RUN_QUEUED ? &nic : &container,
				    &run->packets);
	}
	dropped = nic.count + container.count;
	falcon_drop_gone(&nic, FALCON_STAGE_NIC);
	falcon_drop_gone(&container, FALCON_STAGE_CONTAINER);
	return dropped;
}

unsigned int falcon_elephant_drop(struct falcon_elephant *elephant)
{
	unsigned int dropped = purge(elephant);

	local_bh_disable();
	falcon_roster_put(elephant);
	local_bh_enable();
	return dropped;
}
