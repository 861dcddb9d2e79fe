// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>

#include "core/stats.h"
#include "core/trace.h"
#include "lanes/budget.h"
#include "lanes/drop.h"
#include "lanes/flow_list.h"
#include "lanes/gate.h"
#include "lanes/handover.h"
#include "lanes/lane.h"
#include "lanes/transition.h"

/* The worker of the next packets. When a micro-flow is full, it is the next worker's turn. */
static u16 next_worker(struct falcon_flow *flow, u32 batch)
{
	u16 worker = flow->affinity.spread.workers[flow->turn];

	/* The first micro-flow lasts as long as the trial at least. */
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
 * The CPU for the next packets. A flow that is not merged must not have runs on two CPUs at once.
 * It keeps its worker until its reorder ring is empty and that CPU's backlog is through with it.
 *
 * Where a merged flow's lane is full, the CPU that brings the packets (@here) processes them
 * itself. That slows it down, and the NIC's ring fills up instead of the lane.
 */
static u16 choose_worker(struct falcon_flow *flow, u32 batch, bool here)
{
	u16 worker = next_worker(flow, batch);

	if (!falcon_flow_is_merged(flow))
		return falcon_reorder_empty(&flow->reorder) &&
		       falcon_backlog_is_through(&flow->path.astray) ? worker : flow->worker;
	return here && falcon_lane_is_full(worker) ? smp_processor_id() : worker;
}

struct falcon_run *falcon_handover_push(struct falcon_flow *flow, u32 batch, bool here)
{
	struct falcon_run *run;
	unsigned int count;
	u16 worker;
	bool free;

	while (flow->admission == FALCON_ADMISSION_OPEN && flow->waiting.count) {
		/* True if any CPU may have the packets: earlier ones get sorted, or are gone. */
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

/*
 * Accept as many packets as the flow's budget allows, and drop the rest. The last one may exceed
 * the budget of bytes: otherwise a single packet could be too large for ever.
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

void falcon_handover_empty(struct falcon_flow *flow, const struct falcon_plan *plan)
{
	struct falcon_chain packets;
	struct llist_node *parcels;
	u16 home;

	if (falcon_inbox_is_empty(&flow->inbox))
		return;
	parcels = falcon_inbox_take(&flow->inbox);
	while (falcon_inbox_unpack(&flow->inbox, &parcels, &packets, &home)) {
		if (unlikely(!plan || flow->generation != plan->generation ||
			     flow->home != home))
			falcon_transition_adapt(flow, plan, home);
		accept(flow, &packets);
	}
	/* Another CPU brought packets after the flow had left: that CPU's gate lets them go. */
	if (unlikely(flow->dead && flow->waiting.count && !flow->releasing)) {
		refcount_inc(&flow->refs);
		flow->releasing = true;
		falcon_gate_release(flow->home, flow);
	}
}

/*
 * A CPU that has posted a parcel without getting the lock relies on this: either we see its parcel,
 * or it sees the lock free.
 */
void falcon_handover_done(struct falcon_flow *flow, const struct falcon_plan *plan)
	__releases(&flow->lock)
{
	struct falcon_lane *to_wake;

	do {
		falcon_handover_empty(flow, plan);
		falcon_handover_push(flow, plan ? plan->batch : 1, false);
		to_wake = flow->to_wake;
		flow->to_wake = NULL;
		spin_unlock(&flow->lock);
		falcon_lanes_wake(to_wake);
	} while (falcon_inbox_retry(&flow->inbox, &flow->lock));
}

void falcon_handover_lock(struct falcon_flow *flow)
	__acquires(&flow->lock)
{
	spin_lock_bh(&flow->lock);
	falcon_handover_empty(flow, rcu_dereference_bh(falcon_plan));
}

void falcon_handover_unlock(struct falcon_flow *flow)
	__releases(&flow->lock)
{
	falcon_handover_done(flow, rcu_dereference_bh(falcon_plan));
	local_bh_enable();
}

static unsigned int purge(struct falcon_flow *flow)
{
	struct llist_node *parcels = falcon_inbox_take(&flow->inbox);
	struct falcon_chain nic = {}, container = {}, packets;
	struct falcon_run *run;
	unsigned int dropped;
	u32 number;
	u16 home;

	falcon_chain_splice(&nic, &flow->waiting);
	while (falcon_inbox_unpack(&flow->inbox, &parcels, &packets, &home))
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

unsigned int falcon_handover_drop(struct falcon_flow *flow)
{
	unsigned int dropped = purge(flow);

	local_bh_disable();
	falcon_flow_put(flow);
	local_bh_enable();
	return dropped;
}
