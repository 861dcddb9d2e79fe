// SPDX-License-Identifier: GPL-2.0

#include <linux/ip.h>
#include <linux/netdevice.h>

#include "context.h"
#include "device.h"
#include "elephant.h"
#include "intake.h"
#include "lane.h"
#include "stats.h"
#include "trace.h"

/* Runs in a row that must come to a merge point before the flow is on several CPUs. */
#define HITS 8

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

/* The CPUs, by a plan that it has not followed yet, or after the NIC's CPU has changed. */
static bool follow(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	const struct falcon_choice choice = {
		.cpus	= plan->cpus,
		.count	= plan->count,
		.hash	= elephant->hash,
		.here	= elephant->home,
	};

	elephant->generation = plan->generation;
	falcon_policy_spread(&choice, elephant->host ? 1 : plan->workers,
			     plan->delivery == FALCON_DELIVERY_OWN && !elephant->host,
			     &elephant->spread);
	if (!elephant->spread.count)
		return false;
	elephant->turn %= elephant->spread.count;
	return true;
}

bool falcon_elephant_init(struct falcon_elephant *elephant, const struct falcon_plan *plan,
			  u32 hash, const struct falcon_key *key, bool host)
{
	spin_lock_init(&elephant->lock);
	elephant->hash = hash;
	elephant->key = *key;
	elephant->host = host;
	elephant->gate = FALCON_GATE_UP;
	elephant->home = smp_processor_id();
	elephant->gate_cpu = elephant->home;
	refcount_set(&elephant->refs, 1);
	elephant->watched = jiffies;
	elephant->gate_since = jiffies;
	elephant->rate_since = jiffies;
	elephant->used = jiffies;
	INIT_LIST_HEAD(&elephant->delivery_node);
	INIT_LIST_HEAD(&elephant->gate_node);
	return follow(elephant, plan);
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
	falcon_intake_release(elephant->home, elephant);
}

static void leave(struct falcon_elephant *elephant, enum falcon_limit limit)
{
	if (elephant->gate == FALCON_GATE_DOWN)
		return;
	if (elephant->gate == FALCON_GATE_UP)
		falcon_intake_ungate(elephant->gate_cpu, elephant);
	elephant->gate = FALCON_GATE_DOWN;
	elephant->limit = limit;
	take_steps(elephant, FALCON_A_COUNTERS_DESCENTS);
	leave_drained(elephant);
}

void falcon_elephant_leave(struct falcon_elephant *elephant, enum falcon_limit limit)
{
	spin_lock(&elephant->lock);
	leave(elephant, limit);
	spin_unlock(&elephant->lock);
}

static void queue_delivery(struct falcon_elephant *elephant)
{
	if (!elephant->ready.count || elephant->delivery_state != FALCON_DELIVERY_IDLE)
		return;
	elephant->delivery_state = FALCON_DELIVERY_QUEUED;
	falcon_lane_deliver(elephant->spread.delivery, elephant);
}

/* Whether the flow may be on several CPUs, and the counters of a change. */
static void rotate_or_not(struct falcon_elephant *elephant)
{
	bool watched = time_before(jiffies, elephant->watched);
	bool several = elephant->spread.count > 1 && elephant->hits >= HITS && !watched;

	elephant->limit = elephant->spread.count == 1 || several ? FALCON_LIMIT_NONE :
			  watched ? FALCON_LIMIT_WATCHED :
			  elephant->hits < HITS ? FALCON_LIMIT_NO_MERGE : FALCON_LIMIT_NONE;
	if (several == elephant->several)
		return;
	elephant->several = several;
	take_steps(elephant, several ? FALCON_A_COUNTERS_CLIMBS : FALCON_A_COUNTERS_DESCENTS);
}

/* The worker of the next packets: the next one's turn when the micro-flow is full. */
static u16 next_worker(struct falcon_elephant *elephant, u32 batch)
{
	u16 worker = elephant->spread.workers[elephant->turn];

	if (elephant->in_batch < batch)
		return worker;
	trace_falcon_batch_close(elephant->hash, elephant->batch, worker, elephant->in_batch);
	elephant->batch++;
	elephant->in_batch = 0;
	rotate_or_not(elephant);
	if (elephant->several)
		elephant->turn = (elephant->turn + 1) % elephant->spread.count;
	worker = elephant->spread.workers[elephant->turn];
	trace_falcon_batch_open(elephant->hash, elephant->batch, worker, elephant->waiting.count);
	return worker;
}

/*
 * What waits goes to the workers, as far as the ring has room; what finishes makes room and
 * comes here again. Returns a run that is to be processed on this CPU, at once: its lane is
 * full, and only who brings the packets may be slowed down for that (@here).
 */
static struct falcon_run *push(struct falcon_elephant *elephant, u32 batch, bool here)
{
	struct falcon_run *run;
	unsigned int count;
	u16 worker;

	while (elephant->gate == FALCON_GATE_OPEN && elephant->waiting.count) {
		worker = next_worker(elephant, batch);
		if (here && falcon_lane_is_full(worker))
			worker = smp_processor_id();
		count = falcon_merge_assign(&elephant->merge, &elephant->waiting, worker,
					    elephant->batch, &run);
		if (!count)
			break;
		elephant->in_batch += count;
		if (run) {
			run->elephant = elephant;
			if (worker == smp_processor_id() && here)
				return run;
			falcon_lane_queue(worker, run);
		}
		falcon_lane_add(worker, count);
	}
	return NULL;
}

/* As many as the flow may still have in flight; the others are dropped, as by a full backlog. */
static void accept(struct falcon_elephant *elephant, struct falcon_chain *packets)
{
	u32 in_flight = falcon_elephant_in_flight(elephant);
	u32 room = FALCON_IN_FLIGHT_MAX - min_t(u32, in_flight, FALCON_IN_FLIGHT_MAX);
	struct sk_buff *skb;

	elephant->packets += packets->count;
	elephant->used = jiffies;
	if (elephant->gate == FALCON_GATE_UP)
		falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_GATED,
				  min(room, packets->count));
	falcon_chain_cut(&elephant->waiting, packets, room);
	falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_DROPPED_FULL, packets->count);
	while ((skb = falcon_chain_pop(packets)))
		kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
}

bool falcon_elephant_take(struct falcon_elephant *elephant, struct falcon_chain *packets,
			  struct falcon_context *context)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	u16 here = smp_processor_id();
	struct falcon_run *run;
	u32 number;

	spin_lock(&elephant->lock);
	if (elephant->dead) {
		spin_unlock(&elephant->lock);
		return false;
	}
	accept(elephant, packets);
	if (!plan || plan->hold || plan->mode != FALCON_MODE_LANES) {
		elephant->home = here;
		leave(elephant, FALCON_LIMIT_STANDBY);
	} else if (elephant->generation != plan->generation || elephant->home != here) {
		elephant->home = here;
		if (elephant->rate_packets && elephant->rate < plan->elephant_rate / 2)
			leave(elephant, FALCON_LIMIT_RATE);
		else if (!follow(elephant, plan))
			leave(elephant, FALCON_LIMIT_NO_CPU);
		rotate_or_not(elephant);
	}
	while ((run = push(elephant, plan ? plan->batch : 1, true))) {
		number = run->number;
		falcon_lane_add(here, run->taken);
		spin_unlock(&elephant->lock);
		falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_INLINE,
				  falcon_elephant_process(elephant, number, 1, context));
		spin_lock(&elephant->lock);
	}
	spin_unlock(&elephant->lock);
	return true;
}

void falcon_elephant_open(struct falcon_elephant *elephant)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);

	spin_lock(&elephant->lock);
	if (elephant->gate == FALCON_GATE_UP) {
		elephant->gate = FALCON_GATE_OPEN;
		take_steps(elephant, FALCON_A_COUNTERS_CLIMBS);
		push(elephant, plan ? plan->batch : 1, false);
	}
	spin_unlock(&elephant->lock);
}

/* GRO merges TCP, and UDP when the device is told to. What it cannot merge need not see it. */
static bool wants_gro(const struct falcon_elephant *elephant, const struct sk_buff *skb)
{
	return elephant->key.protocol != IPPROTO_UDP || elephant->host ||
	       skb->dev->features & (NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD);
}

/* What the outcome of a run says about the way that the flow takes. */
static void learn(struct falcon_elephant *elephant, const struct falcon_context *context)
{
	if (context->output.count) {
		elephant->merge_point = context->merge;
		elephant->hits++;
	} else {
		elephant->hits = 0;
	}
	if (context->watched)
		elephant->watched = jiffies + HZ;
	if (context->watched || !elephant->hits)
		rotate_or_not(elephant);
}

unsigned int falcon_elephant_process(struct falcon_elephant *elephant, u32 first,
				     unsigned int count, struct falcon_context *context)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_chain packets = {}, none = {};
	unsigned int taken, merged, held = 0, i;
	struct falcon_run *run;
	u16 origin;
	bool gro;

	spin_lock(&elephant->lock);
	for (i = 0; i < count; i++)
		falcon_merge_start(run_at(elephant, first + i), &packets);
	origin = elephant->home != smp_processor_id() ? elephant->home :
							elephant->spread.workers[elephant->turn];
	spin_unlock(&elephant->lock);

	taken = packets.count;
	gro = taken && wants_gro(elephant, packets.first);
	falcon_lane_add(run_at(elephant, first)->worker, -taken);
	falcon_context_run(context, &packets, gro, origin);
	merged = context->output.count;

	spin_lock(&elephant->lock);
	learn(elephant, context);
	for (i = 0; i < count; i++) {
		run = run_at(elephant, first + i);
		held += falcon_merge_finish(&elephant->merge, run,
					    i == count - 1 ? &context->output : &none,
					    &elephant->ready);
	}
	trace_falcon_batch_release(elephant->hash, elephant->batch, smp_processor_id(), merged);
	push(elephant, plan ? plan->batch : 1, false);
	queue_delivery(elephant);
	leave_drained(elephant);
	spin_unlock(&elephant->lock);

	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_RUNS, count);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_PROCESSED, taken);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_MERGED, merged);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_HELD, held);
	if (!merged)
		falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_ELSEWHERE, taken);
	return taken;
}

static void drop_gone(struct sk_buff *skb)
{
	falcon_count(FALCON_STAGE_CONTAINER, FALCON_A_COUNTERS_DROPPED_GONE);
	kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
}

/* As __dev_queue_xmit() does for a device without a queue. */
static void transmit(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct netdev_queue *queue = netdev_get_tx_queue(dev, skb_get_queue_mapping(skb));
	netdev_tx_t result = netdev_start_xmit(skb, dev, queue, false);

	if (!dev_xmit_complete(result))
		drop_gone(skb);
}

static void deliver(struct falcon_chain *packets)
{
	struct sk_buff *skb;
	LIST_HEAD(list);

	while ((skb = falcon_chain_pop(packets))) {
		/* As flush_backlog() and enqueue_to_backlog() do. */
		if (!netif_running(skb->dev)) {
			drop_gone(skb);
			continue;
		}
		if (falcon_context_merged_at(skb) == FALCON_MERGE_POINT_BACKLOG) {
			list_add_tail(&skb->list, &list);
			continue;
		}
		netif_receive_skb_list(&list);
		INIT_LIST_HEAD(&list);
		transmit(skb);
	}
	netif_receive_skb_list(&list);
}

unsigned int falcon_elephant_deliver(struct falcon_elephant *elephant, unsigned int budget)
{
	struct falcon_chain packets = {};
	unsigned int count;

	spin_lock(&elephant->lock);
	elephant->delivery_state = FALCON_DELIVERY_RUNNING;
	falcon_chain_cut(&packets, &elephant->ready, budget);
	count = packets.count;
	elephant->delivering = count;
	spin_unlock(&elephant->lock);

	falcon_count_more(FALCON_STAGE_CONTAINER, FALCON_A_COUNTERS_DELIVERED, count);
	deliver(&packets);

	spin_lock(&elephant->lock);
	elephant->delivering = 0;
	elephant->delivery_state = FALCON_DELIVERY_IDLE;
	queue_delivery(elephant);
	leave_drained(elephant);
	spin_unlock(&elephant->lock);
	return count;
}

void falcon_elephant_release(struct falcon_elephant *elephant, struct falcon_chain *packets)
{
	spin_lock(&elephant->lock);
	elephant->dead = true;
	falcon_chain_splice(packets, &elephant->waiting);
	spin_unlock(&elephant->lock);
}

void falcon_elephant_review(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	unsigned long elapsed;

	spin_lock(&elephant->lock);
	elapsed = jiffies - elephant->rate_since;
	if (elapsed >= RATE_INTERVAL) {
		elephant->rate = div_u64((elephant->packets - elephant->rate_packets) * HZ, elapsed);
		elephant->rate_packets = elephant->packets;
		elephant->rate_since = jiffies;
	}
	if (!plan || plan->hold || plan->mode != FALCON_MODE_LANES)
		leave(elephant, FALCON_LIMIT_STANDBY);
	else if (elapsed >= RATE_INTERVAL && (elephant->rate < plan->elephant_rate / 2 || !elephant->rate))
		leave(elephant, FALCON_LIMIT_RATE);
	spin_unlock(&elephant->lock);
}

static unsigned int drop_of(struct falcon_chain *packets, const struct net_device *dev)
{
	struct falcon_chain kept = {};
	unsigned int dropped = 0;
	struct sk_buff *skb;

	while ((skb = falcon_chain_pop(packets))) {
		if (!dev || skb->dev == dev) {
			drop_gone(skb);
			dropped++;
		} else {
			falcon_chain_add(&kept, skb);
		}
	}
	*packets = kept;
	return dropped;
}

static unsigned int drop_all_of(struct falcon_elephant *elephant, const struct net_device *dev)
{
	unsigned int dropped, some;
	struct falcon_run *run;
	u32 number;

	dropped = drop_of(&elephant->waiting, dev) + drop_of(&elephant->ready, dev);
	for (number = elephant->merge.head; number != elephant->merge.tail; number++) {
		run = run_at(elephant, number);
		some = drop_of(&run->packets, dev);
		if (run->state == FALCON_RUN_QUEUED)
			falcon_lane_add(run->worker, -some);
		dropped += some;
	}
	return dropped;
}

void falcon_elephant_forget(struct falcon_elephant *elephant, const struct net_device *dev)
{
	spin_lock(&elephant->lock);
	drop_all_of(elephant, dev);
	spin_unlock(&elephant->lock);
}

unsigned int falcon_elephant_purge(struct falcon_elephant *elephant)
{
	return drop_all_of(elephant, NULL);
}
