// SPDX-License-Identifier: GPL-2.0

#include <linux/llist.h>
#include <linux/netdevice.h>

#include "core/stats.h"
#include "core/trace.h"
#include "lanes/budget.h"
#include "lanes/drop.h"
#include "lanes/flow_list.h"
#include "lanes/gate.h"
#include "lanes/inbox.h"
#include "lanes/lane.h"
#include "lanes/transition.h"

/* The worker of the next packets: the next one's turn when the micro-flow is full. */
static u16 next_worker(struct falcon_flow *flow, u32 batch)
{
	u16 worker = flow->affinity.spread.workers[flow->turn];

	/* The first micro-flow is not over before the trial. */
	if (!flow->trial.over)
		return flow->home;
	if (flow->in_batch < batch)
		return worker;
	trace_falcon_batch_close(flow->hash, flow->batch, worker, flow->in_batch);
	flow->batch++;
	flow->in_batch = 0;
	falcon_transition_rotate(flow);
	if (flow->several)
		flow->turn = (flow->turn + 1) % flow->affinity.spread.count;
	worker = flow->affinity.spread.workers[flow->turn];
	trace_falcon_batch_open(flow->hash, flow->batch, worker, flow->waiting.count);
	return worker;
}

/*
 * The CPU for the next packets. Runs of a flow that is not merged must not be on two at once:
 * it keeps its worker until nothing is in flight, in the backlog of that CPU either.
 *
 * A full lane slows down who brings the packets (@here), so that the NIC's ring fills up
 * instead: it does the work itself.
 */
static u16 choose_worker(struct falcon_flow *flow, u32 batch, bool here)
{
	u16 worker = next_worker(flow, batch);

	if (!falcon_flow_is_merged(flow))
		return falcon_reorder_empty(&flow->reorder) &&
		       falcon_backlog_is_through(&flow->path.astray) ? worker : flow->worker;
	return here && falcon_lane_is_full(worker) ? smp_processor_id() : worker;
}

/*
 * What waits goes to the workers, as far as the ring has room; what finishes makes room and
 * comes here again. Returns a run that is to be processed on this CPU, at once.
 */
struct falcon_run *falcon_inbox_push(struct falcon_flow *flow, u32 batch, bool here)
{
	struct falcon_run *run;
	unsigned int count;
	u16 worker;
	bool free;

	while (flow->admission == FALCON_ADMISSION_OPEN && flow->waiting.count) {
		/* Whether the packets may be anywhere: those before are put in order, or gone. */
		free = falcon_flow_is_merged(flow) || falcon_reorder_empty(&flow->reorder);
		worker = choose_worker(flow, batch, here);
		count = falcon_reorder_assign(&flow->reorder, &flow->waiting, worker,
					      flow->batch, &run);
		if (!count)
			break;
		flow->worker = worker;
		flow->in_batch += count;
		if (run) {
			run->flow = flow;
			if (free)
				WRITE_ONCE(flow->prio, flow->priority.prio);
			run->prio = flow->prio;
			if (worker == smp_processor_id() && here && free)
				return run;
			falcon_lane_queue(worker, run, &flow->to_wake);
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
	return max(parcel->bytes, parcel->count * (FALCON_BUDGET_BYTES / FALCON_BUDGET_PACKETS));
}

void falcon_inbox_post(struct falcon_flow *flow, struct falcon_chain *packets)
{
	struct parcel *parcel = (struct parcel *)packets->first->cb;

	BUILD_BUG_ON(sizeof(*parcel) > sizeof(packets->first->cb));
	parcel->last = packets->last;
	parcel->count = packets->count;
	parcel->bytes = packets->bytes;
	parcel->home = smp_processor_id();
	*packets = (struct falcon_chain){};
	atomic_add(weight_of(parcel), &flow->posted);
	llist_add(&parcel->node, &flow->inbox);
}

/*
 * As many as the flow may still have in flight, in packets and in bytes: a last one beyond, so that
 * a single packet can never be too large.
 */
static void accept(struct falcon_flow *flow, struct falcon_chain *packets)
{
	u32 in_flight = falcon_flow_in_flight(flow);
	u32 memory = falcon_flow_memory(flow);
	struct falcon_budget budget = falcon_budget_get();
	unsigned int count = packets->count;

	flow->packets += count;
	flow->used = jiffies;
	falcon_chain_cut_to(&flow->waiting, packets,
			    budget.packets - min(in_flight, budget.packets),
			    budget.bytes - min(memory, budget.bytes));
	if (flow->admission == FALCON_ADMISSION_GATED)
		falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_GATED,
				  count - packets->count);
	if (unlikely(packets->count))
		falcon_drop_full(packets);
}

/* The next packets of the inbox, in the order in which they were brought; and who did. */
static bool unpack(struct falcon_flow *flow, struct llist_node **posted,
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
	atomic_sub(weight_of(parcel), &flow->posted);
	return true;
}

void falcon_inbox_empty(struct falcon_flow *flow, const struct falcon_plan *plan)
{
	struct falcon_chain packets;
	struct llist_node *posted;
	u16 home;

	if (llist_empty(&flow->inbox))
		return;
	posted = llist_reverse_order(llist_del_all(&flow->inbox));
	while (unpack(flow, &posted, &packets, &home)) {
		if (unlikely(!plan || flow->generation != plan->generation ||
			     flow->home != home))
			falcon_transition_adapt(flow, plan, home);
		accept(flow, &packets);
	}
	/* Brought by another CPU after it had left: that one lets it go, too. */
	if (unlikely(flow->dead && flow->waiting.count && !flow->releasing)) {
		refcount_inc(&flow->refs);
		flow->releasing = true;
		falcon_gate_release(flow->home, flow);
	}
}

/*
 * Give the lock back, having seen to the inbox, and wake the lanes that have got something. Who
 * posted and did not get the lock relies on that: either we see the parcel, or it sees the lock
 * free.
 */
void falcon_inbox_done(struct falcon_flow *flow, const struct falcon_plan *plan)
	__releases(&flow->lock)
{
	struct falcon_lane *to_wake;

	for (;;) {
		falcon_inbox_empty(flow, plan);
		falcon_inbox_push(flow, plan ? plan->batch : 1, false);
		to_wake = flow->to_wake;
		flow->to_wake = NULL;
		spin_unlock(&flow->lock);
		falcon_lanes_wake(to_wake);
		smp_mb();	/* pairs with llist_add() in falcon_inbox_post(), a full barrier */
		if (llist_empty(&flow->inbox) || !spin_trylock(&flow->lock))
			return;
	}
}

void falcon_inbox_lock(struct falcon_flow *flow)
	__acquires(&flow->lock)
{
	spin_lock_bh(&flow->lock);
	falcon_inbox_empty(flow, rcu_dereference_bh(falcon_plan));
}

void falcon_inbox_unlock(struct falcon_flow *flow)
	__releases(&flow->lock)
{
	falcon_inbox_done(flow, rcu_dereference_bh(falcon_plan));
	local_bh_enable();
}

static unsigned int purge(struct falcon_flow *flow)
{
	struct llist_node *posted = llist_reverse_order(llist_del_all(&flow->inbox));
	struct falcon_chain nic = {}, container = {}, packets;
	struct falcon_run *run;
	unsigned int dropped;
	u32 number;
	u16 home;

	falcon_chain_splice(&nic, &flow->waiting);
	while (unpack(flow, &posted, &packets, &home))
		falcon_chain_splice(&nic, &packets);
	falcon_chain_splice(&container, &flow->ready);
	for (number = flow->reorder.head; number != flow->reorder.tail; number++) {
		run = falcon_reorder_run(&flow->reorder, number);
		falcon_chain_splice(run->state == FALCON_RUN_QUEUED ? &nic : &container,
				    &run->packets);
	}
	dropped = nic.count + container.count;
	falcon_drop_gone(&nic, FALCON_STAGE_NIC);
	falcon_drop_gone(&container, FALCON_STAGE_CONTAINER);
	return dropped;
}

unsigned int falcon_inbox_drop(struct falcon_flow *flow)
{
	unsigned int dropped = purge(flow);

	local_bh_disable();
	falcon_flow_put(flow);
	local_bh_enable();
	return dropped;
}
