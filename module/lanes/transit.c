// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/sched/clock.h>

#include "core/stats.h"
#include "core/trace.h"
#include "host/cpu.h"
#include "lanes/budget.h"
#include "lanes/drop.h"
#include "lanes/handover.h"
#include "lanes/lane.h"
#include "lanes/runner.h"
#include "lanes/transit.h"
#include "lanes/transition.h"

bool falcon_transit_take(struct falcon_flow *flow, struct falcon_chain *packets,
			 struct falcon_runner *runner)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_run *run;
	unsigned int count;
	bool pressed;
	u32 number;

	/* The home CPU sets it. If that is not this one, its packets and ours have no order. */
	if (unlikely(READ_ONCE(flow->dead)))
		return false;
	/*
	 * The flow has its budget in flight, its inbox included. The inbox fills up only while the
	 * holder of the lock does not run, as happens to virtual CPUs.
	 */
	if (unlikely(falcon_inbox_weight(&flow->inbox) + falcon_flow_memory(flow) >=
		     falcon_budget_get().bytes)) {
		falcon_drop_full(packets);
		return true;
	}
	falcon_inbox_post(&flow->inbox, packets, smp_processor_id());
	for (;;) {
		if (unlikely(!spin_trylock(&flow->lock))) {
			/*
			 * The holder of the lock empties the inbox. The table's reference keeps the
			 * flow until then: a flow that is not leaving now cannot have left before
			 * its inbox is empty. A leaving flow may have: then we wait for the lock,
			 * and our own reference keeps the flow.
			 */
			if (likely(!READ_ONCE(flow->leaving)))
				break;
			spin_lock(&flow->lock);
		}
		falcon_handover_empty(flow, plan);
		run = runner ? falcon_handover_push(flow, plan ? plan->batch : 1, true) : NULL;
		number = run ? run->number : 0;
		/* It is another worker's turn, whose lane is full. */
		pressed = run && falcon_flow_is_merged(flow) &&
			  run->worker != flow->affinity.spread.workers[flow->turn];
		if (run)
			falcon_lane_add(run->worker, run->taken);
		falcon_handover_done(flow, plan);
		if (!run)
			break;
		count = falcon_transit_process(flow, number, 1, runner);
		if (pressed)
			falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_BACKPRESSURED,
					  count);
	}
	return true;
}

bool falcon_transit_init(struct falcon_flow *flow, const struct falcon_plan *plan,
			 u32 hash, const struct falcon_key *key, bool host,
			 const struct falcon_priority *priority)
{
	spin_lock_init(&flow->lock);
	flow->hash = hash;
	flow->key = *key;
	flow->host = host;
	flow->priority = *priority;
	flow->prio = priority->prio;
	flow->admission = FALCON_ADMISSION_GATED;
	flow->home = smp_processor_id();
	flow->relieves = falcon_load_above(flow->home);
	flow->gate_cpu = flow->home;
	flow->gate_in_cell = true;
	flow->worker = flow->home;
	falcon_path_init(&flow->path);
	falcon_backlog_mark_passed(&flow->delivered, flow->home);
	refcount_set(&flow->refs, 1);
	flow->watched = jiffies;
	flow->rate_since = jiffies;
	flow->used = jiffies;
	falcon_affinity_init(&flow->affinity, hash, key->protocol, host);
	INIT_LIST_HEAD(&flow->node);
	INIT_LIST_HEAD(&flow->gate_node);
	falcon_merge_dev_init(&flow->merge_dev);
	return falcon_transition_follow(flow, plan);
}

bool falcon_transit_prioritise(struct falcon_flow *flow,
			       const struct falcon_priority *priority)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);

	if (!spin_trylock(&flow->lock))
		return false;
	flow->priority = *priority;
	if (plan && !flow->leaving) {
		/* It takes the kernel's path soon: moving it to workers before is no use. */
		if (falcon_flow_is_slow(flow, plan))
			falcon_transition_demote(flow, FALCON_REASON_RATE);
		else
			falcon_transition_adapt(flow, plan, flow->home);
	}
	falcon_handover_done(flow, plan);
	return true;
}

void falcon_transit_leave(struct falcon_flow *flow, enum falcon_reason reason)
{
	spin_lock(&flow->lock);
	falcon_transition_demote(flow, reason);
	falcon_handover_done(flow, rcu_dereference_bh(falcon_plan));
}

void falcon_transit_open(struct falcon_flow *flow)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);

	spin_lock(&flow->lock);
	flow->admission = flow->leaving ? FALCON_ADMISSION_CLOSED : FALCON_ADMISSION_OPEN;
	falcon_transition_count(flow, FALCON_A_COUNTERS_PROMOTIONS);
	falcon_transition_release(flow);
	falcon_handover_done(flow, plan);
}

/* Waiting packets that a leaving flow may process in one go: as many as the NIC's poll would. */
#define RELEASE_MAX NAPI_POLL_WEIGHT

/* True if @cpu made the last delivery, or all that this left in its CPU's backlog is through. */
static bool may_deliver(struct falcon_flow *flow, u16 cpu)
{
	return flow->delivered.cpu == cpu || falcon_backlog_is_through(&flow->delivered);
}

static u16 delivery_cpu(struct falcon_flow *flow)
{
	const struct falcon_affinity *affinity = &flow->affinity;
	u16 cpu = affinity->own ? affinity->spread.delivery : smp_processor_id();

	if (!flow->trial.over || READ_ONCE(flow->path.by_cpu))
		cpu = flow->home;
	return may_deliver(flow, cpu) ? cpu : flow->delivered.cpu;
}

static void queue_delivery(struct falcon_flow *flow)
{
	if (!flow->ready.count || flow->delivery_state != FALCON_DELIVERY_IDLE)
		return;
	flow->delivery_state = FALCON_DELIVERY_QUEUED;
	falcon_lane_deliver(delivery_cpu(flow), flow, &flow->to_wake);
}

static bool wants_gro(const struct falcon_flow *flow, const struct falcon_chain *packets)
{
	return packets->first &&
	       falcon_path_wants_gro(&flow->key, flow->host, packets->first);
}

/*
 * Take back the runs that no worker has started, to the front of the waiting packets. Without a
 * merge point they would only enter some queue from several CPUs.
 */
static void recall(struct falcon_flow *flow)
{
	struct falcon_chain packets = {};

	falcon_lane_recall(&flow->reorder, &packets);
	falcon_chain_splice(&packets, &flow->waiting);
	flow->waiting = packets;
}

/*
 * Act on the verdict of the trial. A flow that a rule keeps on its home CPU is tried again where
 * any other is demoted.
 */
static void judge(struct falcon_flow *flow, bool came, bool ends_here)
{
	bool passed = falcon_backlog_is_through(&flow->path.astray);

	switch (falcon_trial_see(&flow->trial, came, passed, ends_here)) {
	case FALCON_VERDICT_NONE:
		return;
	case FALCON_VERDICT_WORKERS:
		falcon_transition_rotate(flow);
		if (!flow->several && !flow->affinity.home)
			falcon_transition_count(flow, FALCON_A_COUNTERS_PROMOTIONS);
		return;
	case FALCON_VERDICT_KERNEL:
		break;
	}
	if (flow->affinity.home) {
		flow->trial = (struct falcon_trial){};
		return;
	}
	recall(flow);
	falcon_transition_demote(flow, falcon_path_has_queue(&flow->path) ? FALCON_REASON_QUEUED :
							       FALCON_REASON_NO_MERGE);
}

/* Learn about the flow's path from the outcome of a run. */
static void learn(struct falcon_flow *flow, const struct falcon_runner *runner,
		  struct net_device *nic, unsigned int taken)
{
	bool came = falcon_path_has_come(runner, nic, taken);

	/* Written only when it changes: the NIC's CPU reads this cache line. */
	if (flow->headers != runner->headers)
		WRITE_ONCE(flow->headers, runner->headers);
	if (runner->output.count)
		flow->affinity.rxhash = skb_get_hash_raw(runner->output.first);
	falcon_path_see(&flow->path, runner, came);
	judge(flow, came, !came && falcon_path_ends_here(runner, nic, &flow->key,
							 flow->host));
	if (runner->watched)
		flow->watched = jiffies + HZ;
	if (runner->watched || !came)
		falcon_transition_rotate(flow);
}

/*
 * How many ready packets may be delivered now. A veth in NAPI mode has a ring, which its own poll
 * empties, on any CPU. A flow may fill only its share of that ring: the polling CPU may stand
 * still, or held-up packets may come all at once. The ring would then drop packets that, on the
 * kernel's path, would still wait in the NIC's ring.
 */
static unsigned int deliverable(struct falcon_flow *flow, unsigned int budget)
{
	const struct sk_buff *skb = flow->ready.first;
	unsigned int count = min(budget, flow->ready.count);

	if (falcon_runner_merged_at(skb) != FALCON_MERGE_POINT_TRANSMIT)
		return count;
	falcon_ring_look(&flow->ring, skb->dev, count);
	return falcon_ring_take(&flow->ring, count);
}

/*
 * Deliver ready packets on this CPU; the lock is given back meanwhile. FALCON_DELIVERY_RUNNING
 * keeps every other CPU from delivering, so the next delivery begins after this one has ended.
 * Returns packets delivered; @behind: result: further packets that came up behind them.
 */
static unsigned int deliver_ready(struct falcon_flow *flow,
				  const struct falcon_plan *plan, unsigned int budget,
				  unsigned int *behind)
	__must_hold(&flow->lock)
{
	struct falcon_delivered delivered;
	struct falcon_chain packets = {};
	unsigned int count = 0, some;
	bool forwarded = false;

	flow->delivery_state = FALCON_DELIVERY_RUNNING;
	*behind = 0;
	while (flow->ready.count && count + *behind < budget) {
		some = deliverable(flow, budget - count - *behind);
		if (!some)
			break;
		falcon_chain_cut(&packets, &flow->ready, some);
		flow->delivering = packets.count;
		flow->delivering_bytes = packets.bytes;
		count += packets.count;
		falcon_handover_done(flow, plan);
		delivered = falcon_runner_deliver(&packets);
		*behind += delivered.behind;
		forwarded |= delivered.forwarded;
		spin_lock(&flow->lock);
	}
	flow->delivering = 0;
	flow->delivering_bytes = 0;
	flow->delivery_state = FALCON_DELIVERY_IDLE;
	/* Answers pass the backlog once; packets that a one-armed container forwards may return. */
	falcon_backlog_mark(&flow->delivered, forwarded ? FALCON_BACKLOG_PASSES : 1);
	return count;
}

int falcon_transit_deliver(struct falcon_flow *flow, unsigned int budget)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	unsigned int behind = 0;
	int count = 0;

	spin_lock(&flow->lock);
	/* delivery_cpu() did not choose a helping CPU, nor one that polls an offline CPU's lane. */
	if (likely(may_deliver(flow, smp_processor_id())))
		count = deliver_ready(flow, plan, budget, &behind);
	/* Even if nothing was delivered: the packets may have gone with their device. */
	flow->delivery_state = FALCON_DELIVERY_IDLE;
	if (count || !flow->ready.count) {
		queue_delivery(flow);
	} else {
		flow->delivery_state = FALCON_DELIVERY_QUEUED;
		count = -EAGAIN;
	}
	falcon_transition_release(flow);
	falcon_handover_done(flow, plan);
	return count < 0 ? count : count + behind;
}

/* Start a worker's runs and collect their packets. */
static void start(struct falcon_flow *flow, const struct falcon_plan *plan, u32 first,
		  unsigned int count, struct falcon_chain *packets)
{
	unsigned int i;

	spin_lock(&flow->lock);
	for (i = 0; i < count; i++)
		falcon_reorder_start(falcon_reorder_run(&flow->reorder, first + i), packets);
	falcon_lane_add(falcon_reorder_run(&flow->reorder, first)->worker, -packets->count);
	falcon_handover_done(flow, plan);
}

/*
 * Note the device of a run's output, before finish() hands that in. Packets that the flow has from
 * earlier runs are for another device.
 */
static void note_merge_dev(struct falcon_flow *flow, const struct net_device *dev)
{
	if (flow->ready.count || flow->reorder.held)
		dev = FALCON_MERGE_DEV_SEVERAL;
	if (flow->merge_dev.dev != dev)
		falcon_merge_dev_set(&flow->merge_dev, dev);
}

/* Hand in the output of the runs. Returns packets of it that must wait for an earlier run. */
static unsigned int finish(struct falcon_flow *flow, u32 first, unsigned int count,
			   struct falcon_chain *output)
{
	u32 head = flow->reorder.head;
	struct falcon_chain none = {};
	unsigned int held = 0, i;
	struct falcon_run *run;

	for (i = 0; i < count; i++) {
		run = falcon_reorder_run(&flow->reorder, first + i);
		held += falcon_reorder_finish(&flow->reorder, run,
					      i < count - 1 ? &none : output, &flow->ready);
	}
	for (; head != flow->reorder.head; head++) {
		run = falcon_reorder_run(&flow->reorder, head);
		trace_falcon_batch_release(flow->hash, run->batch, run->worker, run->taken);
	}
	return held;
}

unsigned int falcon_transit_process(struct falcon_flow *flow, u32 first,
				    unsigned int count, struct falcon_runner *runner)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_chain packets = {};
	struct net_device *nic = NULL;
	unsigned int taken, merged, held;
	u64 began;

	began = local_clock();
	start(flow, plan, first, count, &packets);
	taken = packets.count;
	if (likely(taken))
		nic = packets.first->dev;
	runner->headers = READ_ONCE(flow->headers);
	runner->behind = 0;
	falcon_runner_run(runner, &packets, wants_gro(flow, &packets));
	merged = runner->output.count;
	falcon_path_look(&flow->path, runner, flow->key.protocol);

	spin_lock(&flow->lock);
	/* The NIC outlives this softirq. Runs without packets, as their NIC went, teach nothing. */
	if (likely(nic))
		learn(flow, runner, nic, taken);
	if (unlikely(merged && runner->merge_dev != flow->merge_dev.dev))
		note_merge_dev(flow, runner->merge_dev);
	held = finish(flow, first, count, &runner->output);
	if (flow->delivery_state == FALCON_DELIVERY_IDLE && flow->ready.count &&
	    delivery_cpu(flow) == smp_processor_id())
		deliver_ready(flow, plan, FALCON_RUN_MAX, &runner->behind);
	queue_delivery(flow);
	falcon_transition_release(flow);
	flow->affinity.work += local_clock() - began;
	falcon_handover_done(flow, plan);

	falcon_runner_count(count, taken, merged, held);
	return taken;
}

enum falcon_release falcon_transit_release(struct falcon_flow *flow,
					   struct falcon_runner *runner)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	struct falcon_chain packets = {};
	unsigned int done = 0;
	bool left;

	spin_lock(&flow->lock);
	falcon_handover_empty(flow, plan);
	/* Earlier packets may be in a backlog or queue: those that wait would overtake them. */
	if (!may_deliver(flow, smp_processor_id()) ||
	    unlikely(!falcon_path_has_calmed(&flow->path, flow->left))) {
		falcon_handover_done(flow, plan);
		return FALCON_RELEASE_WAITS;
	}
	while (flow->waiting.count) {
		if (done >= RELEASE_MAX) {
			falcon_handover_done(flow, plan);
			return FALCON_RELEASE_MORE;
		}
		falcon_chain_cut(&packets, &flow->waiting, RELEASE_MAX);
		falcon_handover_done(flow, plan);
		done += falcon_runner_pass(runner, &packets,
					   wants_gro(flow, &packets));
		spin_lock(&flow->lock);
		/* The flow may have another home CPU before the next go. */
		falcon_backlog_mark(&flow->delivered, FALCON_BACKLOG_PASSES);
		falcon_handover_empty(flow, plan);
	}
	left = !flow->dead;
	WRITE_ONCE(flow->dead, true);
	flow->releasing = false;
	falcon_handover_done(flow, plan);
	return left ? FALCON_RELEASE_LEFT : FALCON_RELEASE_EMPTIED;
}
