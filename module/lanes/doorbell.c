// SPDX-License-Identifier: GPL-2.0

#include <linux/percpu.h>

#include "host/backlog.h"
#include "host/napi.h"
#include "lanes/doorbell.h"
#include "lanes/rung.h"
#include "pipeline/cell.h"

static struct falcon_doorbell __percpu *doorbells;

struct falcon_doorbell *falcon_doorbell_of(unsigned int cpu)
{
	return per_cpu_ptr(doorbells, cpu);
}

void falcon_doorbell_gate(struct falcon_doorbell *doorbell, struct falcon_elephant *elephant)
{
	spin_lock(&doorbell->lock);
	elephant->gate_round = doorbell->rounds;
	list_add_tail(&elephant->gate_node, &doorbell->gated);
	spin_unlock(&doorbell->lock);
}

void falcon_doorbell_ungate(struct falcon_doorbell *doorbell, struct falcon_elephant *elephant)
{
	spin_lock(&doorbell->lock);
	list_del_init(&elephant->gate_node);
	spin_unlock(&doorbell->lock);
}

/*
 * Whether the flow's earlier packets have left stock's queues on this CPU, which the NIC's
 * GRO was flushed into when the gate was shut: the tunnel's GRO cell, then the backlog.
 *
 * Neither can be looked into; the cell is known to be empty of them after so many polls of the
 * doorbell, and the backlog counts (as for RFS).
 */
static bool has_drained(const struct falcon_doorbell *doorbell, struct falcon_elephant *elephant)
{
	/* What a CPU had that went offline is here now. */
	if (unlikely(elephant->gate_cpu != smp_processor_id())) {
		elephant->gate_cpu = smp_processor_id();
		elephant->gate_round = doorbell->rounds;
		elephant->gate_in_cell = true;
	}
	if (elephant->gate_in_cell) {
		if (doorbell->rounds - elephant->gate_round < falcon_cell_rounds())
			return false;
		elephant->gate_in_cell = false;
		falcon_backlog_mark(&elephant->gate_mark, FALCON_BACKLOG_PASSES);
	}
	return falcon_backlog_is_through(&elephant->gate_mark);
}

/* A flow whose gate is to be opened, or NULL. */
struct falcon_elephant *falcon_doorbell_next(struct falcon_doorbell *doorbell)
{
	struct falcon_elephant *elephant, *found = NULL;

	/* This CPU has shut what is there, so most polls need not take the lock. */
	if (list_empty_careful(&doorbell->gated))
		return NULL;
	spin_lock(&doorbell->lock);
	list_for_each_entry(elephant, &doorbell->gated, gate_node) {
		if (!has_drained(doorbell, elephant))
			continue;
		found = elephant;
		list_del_init(&elephant->gate_node);
		break;
	}
	spin_unlock(&doorbell->lock);
	return found;
}

static void ring_here(void *info)
{
	struct falcon_doorbell *doorbell = info;

	napi_schedule(&doorbell->napi);
}

/*
 * Under the doorbell's lock, as two may not use the call at once. -EBUSY: it rings already.
 * -ENXIO: as any NAPI of a CPU that is gone, it is polled here.
 */
static void ring(struct falcon_doorbell *doorbell)
{
	if (doorbell->cpu == smp_processor_id() ||
	    smp_call_function_single_async(doorbell->cpu, &doorbell->ring) == -ENXIO)
		napi_schedule(&doorbell->napi);
}

void falcon_doorbell_release(u16 cpu, struct falcon_elephant *elephant)
{
	struct falcon_doorbell *doorbell = per_cpu_ptr(doorbells, cpu);

	spin_lock(&doorbell->lock);
	list_add_tail(&elephant->gate_node, &doorbell->released);
	ring(doorbell);
	spin_unlock(&doorbell->lock);
}

bool falcon_doorbell_take_released(struct falcon_doorbell *doorbell, struct list_head *leaving)
{
	/* A CPU rings after it has added a flow: the next poll sees a flow that this one misses. */
	if (list_empty_careful(&doorbell->released))
		return false;
	spin_lock(&doorbell->lock);
	list_splice_init(&doorbell->released, leaving);
	spin_unlock(&doorbell->lock);
	return true;
}

void falcon_doorbell_give_released(struct falcon_doorbell *doorbell, struct list_head *leaving)
{
	spin_lock(&doorbell->lock);
	list_splice(leaving, &doorbell->released);
	ring(doorbell);
	spin_unlock(&doorbell->lock);
}

void falcon_doorbell_go_home(struct falcon_doorbell *doorbell)
{
	spin_lock(&doorbell->lock);
	ring(doorbell);
	spin_unlock(&doorbell->lock);
}

void falcon_doorbell_look(void)
{
	local_bh_disable();
	napi_schedule(&this_cpu_ptr(doorbells)->napi);
	local_bh_enable();
}

bool falcon_doorbells_are_flushed(bool begin)
{
	struct falcon_doorbell *doorbell;
	bool flushed = true;
	unsigned int cpu;

	/* Under traffic it is always scheduled: until it has been polled once. */
	for_each_possible_cpu(cpu) {
		doorbell = per_cpu_ptr(doorbells, cpu);
		if (begin)
			doorbell->marked = READ_ONCE(doorbell->rounds);
		flushed &= !test_bit(NAPI_STATE_SCHED, &doorbell->napi.state) ||
			   READ_ONCE(doorbell->rounds) != doorbell->marked;
	}
	return flushed;
}

int falcon_doorbells_alloc(struct net_device *dummy,
			   int (*poll)(struct napi_struct *napi, int budget))
{
	struct falcon_doorbell *doorbell;
	unsigned int cpu;

	doorbells = alloc_percpu(struct falcon_doorbell);
	if (!doorbells)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		doorbell = per_cpu_ptr(doorbells, cpu);
		doorbell->cpu = cpu;
		spin_lock_init(&doorbell->lock);
		INIT_LIST_HEAD(&doorbell->gated);
		INIT_LIST_HEAD(&doorbell->released);
		INIT_CSD(&doorbell->ring, ring_here, doorbell);
		falcon_napi_add(dummy, &doorbell->napi, poll);
		napi_enable(&doorbell->napi);
	}
	return 0;
}

void falcon_doorbells_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		napi_disable(&per_cpu_ptr(doorbells, cpu)->napi);
}

void falcon_doorbells_free(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		__netif_napi_del(&per_cpu_ptr(doorbells, cpu)->napi);
	synchronize_net();
	free_percpu(doorbells);
}
