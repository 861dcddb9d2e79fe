// SPDX-License-Identifier: GPL-2.0

#include <linux/percpu.h>

#include "host/backlog.h"
#include "host/napi.h"
#include "lanes/flow.h"
#include "lanes/gate.h"
#include "pipeline/gro_bypass.h"

static struct falcon_gate __percpu *gates;

struct falcon_gate *falcon_gate_of(unsigned int cpu)
{
	return per_cpu_ptr(gates, cpu);
}

void falcon_gate_shut(struct falcon_gate *gate, struct falcon_flow *flow)
{
	spin_lock(&gate->lock);
	flow->gate_round = gate->rounds;
	list_add_tail(&flow->gate_node, &gate->gated);
	spin_unlock(&gate->lock);
}

void falcon_gate_cancel(struct falcon_gate *gate, struct falcon_flow *flow)
{
	spin_lock(&gate->lock);
	list_del_init(&flow->gate_node);
	spin_unlock(&gate->lock);
}

/*
 * True if the flow's earlier packets have left the kernel's queues on this CPU: the tunnel's GRO
 * cell, then the backlog. The NIC's GRO was flushed into these when the gate was shut.
 *
 * Neither queue can be searched. But after falcon_gro_bypass_cell_rounds() polls of the gate the
 * cell has none of these packets any more, and the backlog counts its packets, for RFS.
 */
static bool has_drained(const struct falcon_gate *gate, struct falcon_flow *flow)
{
	/* The gate's CPU went offline, and its queues have moved to this CPU: begin anew. */
	if (unlikely(flow->gate_cpu != smp_processor_id())) {
		flow->gate_cpu = smp_processor_id();
		flow->gate_round = gate->rounds;
		flow->gate_in_cell = true;
	}
	if (flow->gate_in_cell) {
		if (gate->rounds - flow->gate_round < falcon_gro_bypass_cell_rounds())
			return false;
		flow->gate_in_cell = false;
		falcon_backlog_mark(&flow->gate_mark, FALCON_BACKLOG_PASSES);
	}
	return falcon_backlog_is_through(&flow->gate_mark);
}

struct falcon_flow *falcon_gate_next(struct falcon_gate *gate)
{
	struct falcon_flow *flow, *found = NULL;

	/* Only this CPU adds to the list, so a look without the lock misses none. */
	if (list_empty_careful(&gate->gated))
		return NULL;
	spin_lock(&gate->lock);
	list_for_each_entry(flow, &gate->gated, gate_node) {
		if (!has_drained(gate, flow))
			continue;
		found = flow;
		list_del_init(&flow->gate_node);
		break;
	}
	spin_unlock(&gate->lock);
	return found;
}

static void schedule_here(void *info)
{
	struct falcon_gate *gate = info;

	napi_schedule(&gate->napi);
}

/*
 * Schedule the poll on the gate's CPU. Under the gate's lock, since two CPUs must not use its IPI
 * at once. -EBUSY: the IPI is under way already. -ENXIO: that CPU is offline, and this CPU polls
 * for it, as the kernel does with NAPI instances of such a CPU.
 */
static void schedule_poll(struct falcon_gate *gate)
{
	if (gate->cpu == smp_processor_id() ||
	    smp_call_function_single_async(gate->cpu, &gate->ring) == -ENXIO)
		napi_schedule(&gate->napi);
}

void falcon_gate_release(u16 cpu, struct falcon_flow *flow)
{
	struct falcon_gate *gate = per_cpu_ptr(gates, cpu);

	spin_lock(&gate->lock);
	list_add_tail(&flow->gate_node, &gate->released);
	schedule_poll(gate);
	spin_unlock(&gate->lock);
}

bool falcon_gate_take_released(struct falcon_gate *gate, struct list_head *leaving)
{
	/* A CPU adds a flow, then schedules a poll: that one sees a flow that this look misses. */
	if (list_empty_careful(&gate->released))
		return false;
	spin_lock(&gate->lock);
	list_splice_init(&gate->released, leaving);
	spin_unlock(&gate->lock);
	return true;
}

void falcon_gate_give_released(struct falcon_gate *gate, struct list_head *leaving)
{
	spin_lock(&gate->lock);
	list_splice(leaving, &gate->released);
	schedule_poll(gate);
	spin_unlock(&gate->lock);
}

void falcon_gate_go_home(struct falcon_gate *gate)
{
	spin_lock(&gate->lock);
	schedule_poll(gate);
	spin_unlock(&gate->lock);
}

void falcon_gate_cpu_comes(unsigned int cpu)
{
	WRITE_ONCE(per_cpu_ptr(gates, cpu)->coming, true);
}

void falcon_gate_cpu_came(unsigned int cpu)
{
	struct falcon_gate *gate = per_cpu_ptr(gates, cpu);

	WRITE_ONCE(gate->coming, false);
	local_bh_disable();
	falcon_gate_go_home(gate);
	local_bh_enable();
}

void falcon_gate_look(void)
{
	local_bh_disable();
	napi_schedule(&this_cpu_ptr(gates)->napi);
	local_bh_enable();
}

bool falcon_gates_are_flushed(bool begin)
{
	struct falcon_gate *gate;
	bool flushed = true;
	unsigned int cpu;

	/* Under traffic a gate may be scheduled all the time: one poll since then is enough. */
	for_each_possible_cpu(cpu) {
		gate = per_cpu_ptr(gates, cpu);
		if (begin)
			gate->marked = READ_ONCE(gate->rounds);
		flushed &= (!test_bit(NAPI_STATE_SCHED, &gate->napi.state) &&
			    !READ_ONCE(gate->homing)) ||
			   READ_ONCE(gate->rounds) != gate->marked;
	}
	return flushed;
}

int falcon_gates_alloc(struct net_device *dummy,
		       int (*poll)(struct napi_struct *napi, int budget))
{
	struct falcon_gate *gate;
	unsigned int cpu;

	gates = alloc_percpu(struct falcon_gate);
	if (!gates)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		gate = per_cpu_ptr(gates, cpu);
		gate->cpu = cpu;
		spin_lock_init(&gate->lock);
		INIT_LIST_HEAD(&gate->gated);
		INIT_LIST_HEAD(&gate->released);
		INIT_CSD(&gate->ring, schedule_here, gate);
		falcon_napi_add(dummy, &gate->napi, poll);
		napi_enable(&gate->napi);
	}
	return 0;
}

void falcon_gates_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		napi_disable(&per_cpu_ptr(gates, cpu)->napi);
}

void falcon_gates_free(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		__netif_napi_del(&per_cpu_ptr(gates, cpu)->napi);
	synchronize_net();
	free_percpu(gates);
}
