// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <net/gro.h>

#include "core/clock.h"
#include "core/plan.h"
#include "host/device.h"
#include "lanes/arrival.h"
#include "lanes/flow_list.h"
#include "lanes/gate.h"
#include "lanes/gate_poll.h"
#include "lanes/ingress.h"
#include "lanes/promote.h"
#include "lanes/runner.h"
#include "lanes/sampling.h"
#include "lanes/transit.h"
#include "rules/priority.h"

/* Rounds for which the cache learns nothing after it could not learn a flow. */
#define LEARN_AGAIN 16

/* Of a CPU, which alone touches it, with BH off. */
struct ingress {
	struct falcon_gate_poll	poll;
	struct {
		struct falcon_flow	*flow;		/* with a reference; or NULL */
		u32			rule;
		struct falcon_chain	packets;
	} ahead;				/* the packet that goes ahead now */
	/* @managed: @dev is a NIC that falcon looks after, by the plan with this generation. */
	const struct net_device	*dev ____cacheline_aligned_in_smp; /* read for each packet */
	u32			generation;
	bool			managed;
	/* Every packet from @dev in this GRO context is looked at; or NULL. */
	const struct falcon_gro	*expected;
	struct falcon_flow_cache flows;		/* by the tunnels of the same plan */
	u32			learn_from;	/* round from which it may learn another flow */
	struct falcon_sampling	sampling;	/* while hooks are parked, by the same plan */
	u32			saw;		/* jiffies of the last packet of a tunnel's flow */
};

static struct ingress __percpu *ingresses;

static bool is_managed(struct ingress *ingress, const struct falcon_plan *plan,
		       const struct net_device *dev)
{
	const struct falcon_device *device;

	if (likely(ingress->dev == dev && ingress->generation == plan->generation))
		return ingress->managed;
	device = falcon_device_find(dev);
	ingress->managed = device && device->kind->stage == FALCON_STAGE_NIC;
	ingress->dev = dev;
	ingress->expected = NULL;
	if (ingress->generation != plan->generation) {
		falcon_flow_cache_clear(&ingress->flows);
		falcon_sampling_forget(&ingress->sampling);
	}
	ingress->generation = plan->generation;
	return ingress->managed;
}

static bool can_collect(const struct falcon_arrival *arrival, struct sk_buff *skb)
{
	return !arrival->frags || falcon_arrival_finish_frags(arrival->frags, skb);
}

static enum falcon_ingress_answer collect(struct ingress *ingress, struct falcon_bin *bin,
					  struct falcon_gro *gro, struct sk_buff *skb)
{
	falcon_gro_mark(gro, skb);
	falcon_bin_add(&ingress->poll.bins, bin, skb);
	return FALCON_INGRESS_TAKEN;
}

static enum falcon_ingress_answer stray(struct ingress *ingress, struct falcon_gro *gro,
					struct sk_buff *skb)
{
	falcon_gro_mark(gro, skb);
	falcon_bins_stray(&ingress->poll.bins, skb);
	return FALCON_INGRESS_TAKEN;
}

/* Collect the flow's first packet of this poll. Takes over the flow's reference. */
static void collect_first(struct ingress *ingress, const struct falcon_arrival *arrival,
			  struct falcon_flow *flow, struct sk_buff *skb)
{
	struct falcon_bin *bin = falcon_bins_take(&ingress->poll.bins, arrival->hash, flow);

	collect(ingress, bin, arrival->gro, skb);
	napi_schedule(&ingress->poll.gate->napi);
}

/* Put a packet aside that goes ahead of all collected ones. Takes over the flow's reference. */
static enum falcon_ingress_answer set_ahead(struct ingress *ingress,
					    const struct falcon_arrival *arrival,
					    struct falcon_flow *flow, u32 rule,
					    struct sk_buff *skb)
{
	falcon_gro_mark(arrival->gro, skb);
	ingress->ahead.flow = flow;
	ingress->ahead.rule = rule;
	falcon_chain_add(&ingress->ahead.packets, skb);
	return FALCON_INGRESS_AHEAD;
}

/* True if the packet must be looked at. Context: BH off. */
static bool wanted(struct ingress *ingress, struct falcon_arrival *arrival,
		   const struct sk_buff *skb)
{
	arrival->plan = rcu_dereference_bh(falcon_plan);
	if (!arrival->plan || arrival->plan->mode != FALCON_MODE_LANES ||
	    !arrival->plan->lanes_capable)
		return false;
	/* Falcon itself hands this packet to GRO. */
	if (falcon_runner_active() || falcon_runner_gives_back())
		return false;
	return is_managed(ingress, arrival->plan, skb->dev);
}

/*
 * True if wanted() would return true, as it did for the packet before: device, GRO context and plan
 * are the same. Packets that falcon itself hands to GRO come from GRO contexts of its own, or from
 * promote(), which clears @expected.
 */
static bool is_expected(const struct ingress *ingress, const struct falcon_gro *gro,
			const struct sk_buff *skb)
{
	return ingress->expected == gro && ingress->dev == skb->dev &&
	       ingress->generation == READ_ONCE(falcon_plan_number);
}

/*
 * True if the packet need not be looked at: it comes from a device that is no NIC of falcon's, or
 * hooks are parked and enough packets of this window were looked at.
 */
static bool is_left_alone(struct ingress *ingress, const struct sk_buff *skb)
{
	if (ingress->dev != skb->dev || ingress->generation != READ_ONCE(falcon_plan_number))
		return false;
	if (!ingress->managed)
		return true;
	return falcon_sampling_has_enough(&ingress->sampling);
}

/*
 * Handle a flow's first packet. Out of line, since the compiler may clear its large variables on
 * each entry, which other packets should not pay for.
 */
static noinline enum falcon_ingress_answer
watch(struct ingress *ingress, struct falcon_arrival *arrival, struct sk_buff *skb)
{
	struct falcon_subject subject;
	struct falcon_encap encap;
	u32 rule;

	/* The flow table has forgotten the flow since the cache has learnt it. */
	if (arrival->known && !falcon_arrival_identify(arrival, skb))
		return FALCON_INGRESS_PASS;
	if (!arrival->whole || (arrival->host && !arrival->plan->host))
		return FALCON_INGRESS_PASS;
	falcon_arrival_subject(arrival, skb, &subject, &encap);
	if (falcon_promote_watch(arrival->plan, arrival->hash, &subject, &encap, skb, &rule) &&
	    can_collect(arrival, skb))
		return set_ahead(ingress, arrival, NULL, rule, skb);
	return FALCON_INGRESS_PASS;
}

/*
 * Have the cache learn a flow that brings more than one packet in a poll: mice do not compete for
 * its bins then. It learns one flow per poll at most, so flows that compete for a bin cost little.
 */
static void learn(struct ingress *ingress, const struct falcon_arrival *arrival,
		  const struct sk_buff *skb)
{
	if (falcon_clock_is_ahead(ingress->learn_from, ingress->poll.gate->rounds, LEARN_AGAIN + 1))
		return;
	ingress->learn_from = ingress->poll.gate->rounds + 1;
	if (!falcon_arrival_learn(arrival, skb, &ingress->flows))
		ingress->learn_from += LEARN_AGAIN;
}

/* The answer for any packet. @tried: as for falcon_flow_cache_find() */
static noinline enum falcon_ingress_answer answer(struct ingress *ingress, struct falcon_gro *gro,
						  struct napi_struct *frags, struct sk_buff *skb,
						  unsigned int tried)
{
	struct falcon_arrival arrival __uninitialized;
	struct falcon_flow *flow;
	struct falcon_bin *bin;
	u32 rule;

	arrival.gro = gro;
	arrival.frags = frags;
	if (!wanted(ingress, &arrival, skb))
		return FALCON_INGRESS_PASS;
	ingress->expected = arrival.plan->parked ? NULL : gro;
	falcon_sampling_see(&ingress->sampling, arrival.plan);
	arrival.hash = falcon_arrival_recall(&ingress->flows, frags, skb, tried);
	if (arrival.hash) {
		arrival.known = true;
		arrival.whole = true;
	} else if (!falcon_arrival_identify(&arrival, skb)) {
		return FALCON_INGRESS_PASS;
	}
	if (arrival.known || !arrival.host)
		WRITE_ONCE(ingress->saw, jiffies);
	bin = falcon_bin_of(&ingress->poll.bins, arrival.hash);
	if (bin->hash == arrival.hash) {
		if (!arrival.known)
			learn(ingress, &arrival, skb);
		if (!can_collect(&arrival, skb))
			return FALCON_INGRESS_PASS;
		return collect(ingress, bin, gro, skb);
	}
	if (falcon_strays_expected(&ingress->poll.bins.strays, arrival.hash) &&
	    can_collect(&arrival, skb))
		return stray(ingress, gro, skb);
	/*
	 * The gate counts the NIC's polls for priority-auto. This packet may be the first to enter
	 * the GRO cell: if the gate is scheduled now, the kernel polls it before the cell, and
	 * packets with priority by batch also overtake all packets there.
	 */
	if (arrival.plan->priority_auto || falcon_priority_has_batches())
		napi_schedule(&ingress->poll.gate->napi);
	switch (falcon_promote_ask(arrival.plan, arrival.hash, skb, ingress->poll.gate->rounds,
				   &flow, &rule)) {
	case FALCON_PROMOTE_AHEAD:
		if (can_collect(&arrival, skb))
			return set_ahead(ingress, &arrival, NULL, rule, skb);
		break;
	case FALCON_PROMOTE_LANES:
		if (!can_collect(&arrival, skb)) {
			falcon_flow_put(flow);
			break;
		}
		if (falcon_flow_is_sync(flow))
			return set_ahead(ingress, &arrival, flow, 0, skb);
		collect_first(ingress, &arrival, flow, skb);
		return FALCON_INGRESS_TAKEN;
	case FALCON_PROMOTE_DUE:
		return arrival.whole ? FALCON_INGRESS_PROMOTE : FALCON_INGRESS_PASS;
	case FALCON_PROMOTE_UNKNOWN:
		return watch(ingress, &arrival, skb);
	case FALCON_PROMOTE_KERNEL:
		break;
	}
	return FALCON_INGRESS_PASS;
}

static noinline enum falcon_ingress_answer
answer_unexpected(struct ingress *ingress, struct falcon_gro *gro, struct napi_struct *frags,
		  struct sk_buff *skb)
{
	if (is_left_alone(ingress, skb))
		return FALCON_INGRESS_PASS;
	return answer(ingress, gro, frags, skb, 0);
}

/*
 * The fast path, for most packets of a loaded NIC: the cache knows the flow, and the poll has
 * already brought packets of it. All other packets get the whole answer().
 *
 * Both give the same answer: the cache has the hash that answer() would find, and the bin depends
 * on the hash alone. So all packets of a flow are in one bin, even if the cache learns, moves or
 * forgets the flow between two of them.
 */
static __always_inline enum falcon_ingress_answer
answer_quickly(struct falcon_gro *gro, struct napi_struct *frags, struct sk_buff *skb)
{
	struct ingress *ingress = this_cpu_ptr(ingresses);
	struct falcon_bin *bin;
	u32 hash;

	if (unlikely(!is_expected(ingress, gro, skb)))
		return answer_unexpected(ingress, gro, frags, skb);
	if (unlikely(!falcon_arrival_recall_alike(&ingress->flows, frags, skb, &hash)))
		return answer(ingress, gro, frags, skb, 1);
	bin = falcon_bin_of(&ingress->poll.bins, hash);
	if (unlikely(bin->hash != hash ||
		     (frags && !falcon_arrival_finish_frags(frags, skb))))
		return answer(ingress, gro, frags, skb, 0);
	return collect(ingress, bin, gro, skb);
}

enum falcon_ingress_answer falcon_ingress(struct falcon_gro *gro, struct sk_buff *skb)
{
	return answer_quickly(gro, NULL, skb);
}

enum falcon_ingress_answer falcon_ingress_frags(struct napi_struct *napi)
{
	if (!napi->skb)
		return FALCON_INGRESS_PASS;
	return answer_quickly(falcon_gro_of(napi), napi, napi->skb);
}

void falcon_ingress_go_ahead(void)
{
	struct ingress *ingress = this_cpu_ptr(ingresses);
	struct falcon_chain packets = ingress->ahead.packets;

	ingress->ahead.packets = (struct falcon_chain){};
	if (ingress->ahead.flow) {
		falcon_bins_hand_over(&ingress->poll.bins, ingress->ahead.flow, &packets,
				      &ingress->poll.runner);
		falcon_strays_receive(&ingress->poll.bins.strays, &ingress->poll.runner);
		return;
	}
	falcon_count_taken(ingress->ahead.rule, packets.count);
	falcon_runner_pass(&ingress->poll.runner, &packets, false);
}

static bool promote(struct falcon_gro *gro, struct napi_struct *frags, struct sk_buff *skb)
{
	struct ingress *ingress = this_cpu_ptr(ingresses);
	struct falcon_arrival arrival = { .gro = gro, .frags = frags };
	struct falcon_subject subject;
	struct falcon_encap encap;
	struct falcon_flow *flow;

	/* If the packet takes the kernel's path after all, GRO's entry sees it once more. */
	ingress->expected = NULL;
	if (!wanted(ingress, &arrival, skb) || !falcon_arrival_identify(&arrival, skb))
		return false;
	falcon_arrival_subject(&arrival, skb, &subject, &encap);
	flow = falcon_promote_make(arrival.plan, arrival.hash, &subject, &encap, skb->dev);
	if (!flow)
		return false;
	/* The NIC's GRO may hold earlier packets of the flow, which must stay ahead of this one. */
	falcon_gro_flush(gro);
	falcon_gate_shut(ingress->poll.gate, flow);
	if (!falcon_promote_enter(flow)) {
		falcon_gate_cancel(ingress->poll.gate, flow);
		falcon_flow_put(flow);
		return false;
	}
	if (!can_collect(&arrival, skb)) {
		falcon_transit_leave(flow, FALCON_REASON_NO_MERGE);
		falcon_flow_put(flow);
		napi_schedule(&ingress->poll.gate->napi);
		return false;
	}
	collect_first(ingress, &arrival, flow, skb);
	return true;
}

bool falcon_ingress_promote(struct falcon_gro *gro, struct sk_buff *skb)
{
	return promote(gro, NULL, skb);
}

bool falcon_ingress_promote_frags(struct napi_struct *napi)
{
	return promote(falcon_gro_of(napi), napi, napi->skb);
}

bool falcon_ingress_saw(u32 since)
{
	u32 now = jiffies;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (now - READ_ONCE(per_cpu_ptr(ingresses, cpu)->saw) <= now - since)
			return true;
	return false;
}

int falcon_ingress_alloc(struct net_device *dummy)
{
	struct ingress *ingress;
	unsigned int cpu;
	int err;

	ingresses = alloc_percpu(struct ingress);
	if (!ingresses)
		return -ENOMEM;
	err = falcon_gates_alloc(dummy, falcon_gate_poll_run);
	if (err) {
		free_percpu(ingresses);
		return err;
	}
	/* No gate is scheduled before a hook is attached. */
	for_each_possible_cpu(cpu) {
		ingress = per_cpu_ptr(ingresses, cpu);
		ingress->saw = jiffies - HZ;
		falcon_flow_cache_clear(&ingress->flows);
		falcon_gate_poll_init(&ingress->poll, falcon_gate_of(cpu), dummy);
	}
	return 0;
}

unsigned int falcon_ingress_stop(void)
{
	unsigned int cpu, dropped = 0;

	falcon_gates_stop();
	for_each_possible_cpu(cpu)
		dropped += falcon_gate_poll_stop(&per_cpu_ptr(ingresses, cpu)->poll);
	return dropped;
}

unsigned int falcon_ingress_drop(void)
{
	unsigned int cpu, dropped = 0;

	for_each_possible_cpu(cpu)
		dropped += falcon_gate_poll_drop(&per_cpu_ptr(ingresses, cpu)->poll);
	return dropped;
}

void falcon_ingress_free(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		falcon_gate_poll_exit(&per_cpu_ptr(ingresses, cpu)->poll);
	/* A grace period passes in it, for the runners' NAPI instances as well. */
	falcon_gates_free();
	free_percpu(ingresses);
}
