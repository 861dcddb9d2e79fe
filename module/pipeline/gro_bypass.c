// SPDX-License-Identifier: GPL-2.0

#include <linux/percpu.h>
#include <net/gro.h>

#include "core/chain.h"
#include "core/stats.h"
#include "host/backlog.h"
#include "host/napi.h"
#include "pipeline/gro_bypass.h"

/* A bypass gate. Its own CPU writes it with BH off; another CPU only while its own is offline. */
struct gate {
	u32			epoch;		/* of the way past the cell; 0: through the cell */
	u32			next;		/* epoch to begin; also set in an interrupt */
	u32			rounds;		/* polls since it was shut */
	u32			tail;		/* of the backlog of @cpu when it was shut */
	u16			cpu;
	bool			shut;
	spinlock_t		lock;		/* BH; protects @waiting from a device that goes */
	struct falcon_chain	waiting;
	struct napi_struct	napi;
};

/*
 * A cell holds no more packets than this, whatever netdev_max_backlog allows: the CPU polls the
 * cell for as many packets as a NIC's queue, and in turn with it, so a cell does not grow further.
 */
#define CELL_MAX 16384

/* Packets that one poll of a gate releases: more than the NIC's polls bring in that time. */
#define LET_GO (4 * NAPI_POLL_WEIGHT)

static struct gate __percpu *gates;

u32 falcon_gro_bypass_cell_rounds(void)
{
	return DIV_ROUND_UP(min(falcon_max_backlog(), CELL_MAX), NAPI_POLL_WEIGHT) + 2;
}

void falcon_gro_bypass_reset_transport(struct sk_buff *skb)
{
	skb->transport_header = (typeof(skb->transport_header))~0U;
	if (skb_is_gso(skb))
		skb_probe_transport_header(skb);
}

static void drop(struct sk_buff *skb)
{
	dev_core_stats_rx_dropped_inc(skb->dev);
	kfree_skb(skb);
}

/*
 * Pass the gate. If packets go through the cell again, this one skips it nevertheless, by the
 * function that the cell calls: the cell has no packet of the flow that could be overtaken.
 */
static int go_on(const struct gate *gate, struct sk_buff *skb)
{
	/* The cell would do the same. */
	if (unlikely(!(skb->dev->flags & IFF_UP))) {
		drop(skb);
		return NET_RX_DROP;
	}
	falcon_gro_bypass_reset_transport(skb);
	if (!gate->epoch) {
		/* As with a cell, the tunnel does not count what happens behind it. */
		netif_receive_skb(skb);
		return NET_RX_SUCCESS;
	}
	falcon_count(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_GRO_BYPASS);
	return netif_rx(skb);
}

static void look_at_backlog(struct gate *gate)
{
	gate->cpu = smp_processor_id();
	gate->tail = falcon_backlog_tail(smp_processor_id());
}

static void shut(struct gate *gate, u32 epoch)
{
	WRITE_ONCE(gate->epoch, epoch);
	gate->rounds = 0;
	look_at_backlog(gate);
	WRITE_ONCE(gate->shut, true);
}

/*
 * True if all packets have left both ways, cell and backlog, that were there when the gate was
 * shut. When a CPU goes offline, the kernel moves its cells and its gate to another CPU, which
 * polls the cells first: rounds are not counted there. The kernel moves the backlog behind the
 * other CPU's, so that backlog must pass, too.
 */
static bool has_drained(struct gate *gate)
{
	if (gate == this_cpu_ptr(gates) && ++gate->rounds < falcon_gro_bypass_cell_rounds())
		return false;
	if (!falcon_backlog_passed(gate->cpu, gate->tail))
		return false;
	if (likely(gate->cpu == smp_processor_id()))
		return true;
	look_at_backlog(gate);
	return false;
}

/* Release some of the waiting packets. Return: true if none waits any more. */
static bool let_go(struct gate *gate)
{
	unsigned int count;
	struct sk_buff *skb;

	for (count = 0; count < LET_GO; count++) {
		spin_lock(&gate->lock);
		skb = falcon_chain_pop(&gate->waiting);
		spin_unlock(&gate->lock);
		if (!skb)
			return true;
		go_on(gate, skb);
	}
	return false;
}

static int gate_poll(struct napi_struct *napi, int budget)
{
	struct gate *gate = container_of(napi, struct gate, napi);
	bool open;

	if (gate->epoch != READ_ONCE(gate->next))
		shut(gate, gate->next);
	open = !gate->shut || (has_drained(gate) && let_go(gate));
	if (open)
		WRITE_ONCE(gate->shut, false);
	napi_complete_done(napi, 0);
	if (!open)
		napi_schedule(napi);
	return 0;
}

static void begin_here(void *epoch)
{
	struct gate *gate = this_cpu_ptr(gates);

	WRITE_ONCE(gate->next, *(u32 *)epoch);
	napi_schedule(&gate->napi);
}

bool falcon_gro_bypass_is_through(void)
{
	const struct gate *gate = this_cpu_ptr(gates);

	return !gate->epoch && !gate->shut;
}

int falcon_gro_bypass_pass(struct sk_buff *skb, u32 epoch)
{
	struct gate *gate = this_cpu_ptr(gates);

	if (unlikely(gate->epoch != epoch)) {
		WRITE_ONCE(gate->next, epoch);
		napi_schedule(&gate->napi);
		shut(gate, epoch);
	}
	if (likely(!gate->shut))
		return go_on(gate, skb);

	/*
	 * The cell would drop the packet, too. A device that goes is down before
	 * falcon_gro_bypass_forget(), so none of its packets waits after that.
	 */
	if (!(skb->dev->flags & IFF_UP) ||
	    READ_ONCE(gate->waiting.count) > falcon_max_backlog()) {
		drop(skb);
		return NET_RX_DROP;
	}
	spin_lock(&gate->lock);
	falcon_chain_add(&gate->waiting, skb);
	spin_unlock(&gate->lock);
	return NET_RX_SUCCESS;
}

void falcon_gro_bypass_change(u32 epoch)
{
	on_each_cpu(begin_here, &epoch, 1);
}

bool falcon_gro_bypass_settled(void)
{
	const struct gate *gate;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		gate = per_cpu_ptr(gates, cpu);
		if (READ_ONCE(gate->shut) || READ_ONCE(gate->epoch) != READ_ONCE(gate->next))
			return false;
	}
	return true;
}

void falcon_gro_bypass_forget(const struct net_device *dev)
{
	struct falcon_chain gone = {};
	struct sk_buff *skb;
	struct gate *gate;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		gate = per_cpu_ptr(gates, cpu);
		if (!READ_ONCE(gate->shut))
			continue;
		spin_lock_bh(&gate->lock);
		falcon_chain_cut_of(&gone, &gate->waiting, dev, UINT_MAX);
		spin_unlock_bh(&gate->lock);
	}
	while ((skb = falcon_chain_pop(&gone)))
		drop(skb);
}

int falcon_gro_bypass_alloc(struct net_device *dummy)
{
	struct napi_struct *napi;
	unsigned int cpu;

	gates = alloc_percpu(struct gate);
	if (!gates)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		spin_lock_init(&per_cpu_ptr(gates, cpu)->lock);
		napi = &per_cpu_ptr(gates, cpu)->napi;
		falcon_napi_add(dummy, napi, gate_poll);
		napi_enable(napi);
	}
	return 0;
}

void falcon_gro_bypass_free(void)
{
	unsigned int cpu, dropped = 0;
	struct sk_buff *skb;
	struct gate *gate;

	for_each_possible_cpu(cpu) {
		gate = per_cpu_ptr(gates, cpu);
		napi_disable(&gate->napi);
		__netif_napi_del(&gate->napi);
		dropped += gate->waiting.count;
		while ((skb = falcon_chain_pop(&gate->waiting)))
			kfree_skb(skb);
	}
	if (dropped)
		pr_warn("%u packets that waited to pass the GRO cells are dropped\n", dropped);
	synchronize_net();
	free_percpu(gates);
}
