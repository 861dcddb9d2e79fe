// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <net/gro.h>

#include "core/clock.h"
#include "core/plan.h"
#include "core/stats.h"
#include "host/cpu.h"
#include "host/device.h"
#include "lanes/arrival.h"
#include "lanes/bins.h"
#include "lanes/calm.h"
#include "lanes/context.h"
#include "lanes/doorbell.h"
#include "lanes/elephant.h"
#include "lanes/inbox.h"
#include "lanes/intake.h"
#include "lanes/ladder.h"
#include "lanes/lane.h"
#include "lanes/rank.h"
#include "lanes/release.h"
#include "lanes/roster.h"
#include "pipeline/cell.h"
#include "policy/policy.h"
#include "rules/priority.h"

/* How often lanes are looked at whose CPUs may stand still. */
#define HELP_NS NSEC_PER_MSEC

/* Rounds until the cache may learn again when it was in vain. */
#define LEARN_AGAIN 16

/* Touched by its CPU with BH off. */
struct intake {
	struct falcon_bins	bins;		/* what this poll has brought */
	struct {
		struct falcon_elephant	*elephant;	/* with a reference; or NULL */
		u32			rule;
		struct falcon_chain	packets;
	} ahead;				/* the packet that is to go ahead now */
	/* Whether the device is a NIC that falcon looks after, by the plan of this number. */
	const struct net_device	*dev;
	u32			generation;
	bool			managed;
	/* Whose packets are all looked at, if they are this device's; or NULL. */
	const struct falcon_gro	*expected;
	struct falcon_flow_cache flows;		/* by the tunnels of the same plan */
	u32			learn_from;	/* rounds from which it may learn another one */
	struct falcon_calm	calm;		/* while hooks rest, by the same plan */
	u32			saw;		/* jiffies of the last packet of a tunnel's flow */
	struct falcon_doorbell	*doorbell;
	struct falcon_releases	releases;	/* the poll's own: of flows that it lets go */
	u64			helped;		/* local_clock() when no lane needed help */
	struct falcon_context	context;
};

static struct intake __percpu *intakes;

static bool is_managed(struct intake *intake, const struct falcon_plan *plan,
		       const struct net_device *dev)
{
	const struct falcon_device *device;

	if (likely(intake->dev == dev && intake->generation == plan->generation))
		return intake->managed;
	device = falcon_device_find(dev);
	intake->managed = device && device->kind->stage == FALCON_STAGE_NIC;
	intake->dev = dev;
	intake->expected = NULL;
	if (intake->generation != plan->generation) {
		falcon_flow_cache_clear(&intake->flows);
		falcon_calm_forget(&intake->calm);
	}
	intake->generation = plan->generation;
	return intake->managed;
}

static bool can_collect(const struct falcon_arrival *arrival, struct sk_buff *skb)
{
	return !arrival->frags || falcon_arrival_finish_frags(arrival->frags, skb);
}

static enum falcon_intake_answer collect(struct intake *intake, struct falcon_bin *bin,
					 struct falcon_gro *gro, struct sk_buff *skb)
{
	falcon_gro_mark(gro, skb);
	falcon_bin_add(&intake->bins, bin, skb);
	return FALCON_INTAKE_TAKEN;
}

static enum falcon_intake_answer stray(struct intake *intake, struct falcon_gro *gro,
				       struct sk_buff *skb)
{
	falcon_gro_mark(gro, skb);
	falcon_bins_stray(&intake->bins, skb);
	return FALCON_INTAKE_TAKEN;
}

/* The first packet that this poll brings of the flow; takes over the reference. */
static void collect_first(struct intake *intake, const struct falcon_arrival *arrival,
			  struct falcon_elephant *elephant, struct sk_buff *skb)
{
	struct falcon_bin *bin = falcon_bins_take(&intake->bins, arrival->hash, elephant);

	collect(intake, bin, arrival->gro, skb);
	napi_schedule(&intake->doorbell->napi);
}

/* A packet that goes ahead of those that are collected; takes over the reference. */
static enum falcon_intake_answer set_ahead(struct intake *intake,
					   const struct falcon_arrival *arrival,
					   struct falcon_elephant *elephant, u32 rule,
					   struct sk_buff *skb)
{
	falcon_gro_mark(arrival->gro, skb);
	intake->ahead.elephant = elephant;
	intake->ahead.rule = rule;
	falcon_chain_add(&intake->ahead.packets, skb);
	return FALCON_INTAKE_AHEAD;
}

/* Whether the packet is one to be looked at; the caller has BH off. */
static bool wanted(struct intake *intake, struct falcon_arrival *arrival, const struct sk_buff *skb)
{
	arrival->plan = rcu_dereference_bh(falcon_plan);
	if (!arrival->plan || arrival->plan->mode != FALCON_MODE_LANES ||
	    !arrival->plan->lanes_capable)
		return false;
	/* Packets that falcon itself hands to GRO. */
	if (falcon_context_active() || falcon_context_is_stock())
		return false;
	return is_managed(intake, arrival->plan, skb->dev);
}

/*
 * Whether wanted() would say so, as it did of the packet before: it came from the same device and
 * GRO context, by the same plan. What falcon itself hands to GRO comes from contexts of its own, or
 * from climb(), which has nobody expected.
 */
static bool is_expected(const struct intake *intake, const struct falcon_gro *gro,
			const struct sk_buff *skb)
{
	return intake->expected == gro && intake->dev == skb->dev &&
	       intake->generation == READ_ONCE(falcon_plan_number);
}

/*
 * Whether the packet need not be looked at: it comes from no NIC that falcon looks after, or hooks
 * rest and of this window enough was seen.
 */
static bool is_left_alone(struct intake *intake, const struct sk_buff *skb)
{
	if (intake->dev != skb->dev || intake->generation != READ_ONCE(falcon_plan_number))
		return false;
	if (!intake->managed)
		return true;
	return falcon_calm_has_enough(&intake->calm);
}

/* A flow's first packet. Not inline, as what it has on the stack is cleared each time. */
static noinline enum falcon_intake_answer watch(struct intake *intake,
						struct falcon_arrival *arrival, struct sk_buff *skb)
{
	struct falcon_subject flow;
	struct falcon_encap encap;
	u32 rule;

	/* Its place in the table is gone since the cache has learnt it. */
	if (arrival->known && !falcon_arrival_identify(arrival, skb))
		return FALCON_INTAKE_PASS;
	if (!arrival->whole || (arrival->host && !arrival->plan->host))
		return FALCON_INTAKE_PASS;
	falcon_arrival_subject(arrival, skb, &flow, &encap);
	if (falcon_ladder_watch(arrival->plan, arrival->hash, &flow, &encap, skb, &rule) &&
	    can_collect(arrival, skb))
		return set_ahead(intake, arrival, NULL, rule, skb);
	return FALCON_INTAKE_PASS;
}

/*
 * Have the cache know a flow of which a poll brings more than one packet, so that mice do not fight
 * for its bins; one flow for each poll at most, so that those who fight for a bin cost little.
 */
static void learn(struct intake *intake, const struct falcon_arrival *arrival,
		  const struct sk_buff *skb)
{
	if (falcon_clock_is_ahead(intake->learn_from, intake->doorbell->rounds, LEARN_AGAIN + 1))
		return;
	intake->learn_from = intake->doorbell->rounds + 1;
	if (!falcon_arrival_learn(arrival, skb, &intake->flows))
		intake->learn_from += LEARN_AGAIN;
}

/* @tried: as falcon_flow_cache_find() */
static noinline enum falcon_intake_answer answer(struct intake *intake, struct falcon_gro *gro,
						 struct napi_struct *frags, struct sk_buff *skb,
						 unsigned int tried)
{
	struct falcon_arrival arrival __uninitialized;
	struct falcon_elephant *elephant;
	struct falcon_bin *bin;
	u32 rule;

	arrival.gro = gro;
	arrival.frags = frags;
	if (!wanted(intake, &arrival, skb))
		return FALCON_INTAKE_PASS;
	intake->expected = arrival.plan->resting ? NULL : gro;
	falcon_calm_see(&intake->calm, arrival.plan);
	arrival.hash = falcon_arrival_recall(&intake->flows, frags, skb, tried);
	if (arrival.hash) {
		arrival.known = true;
		arrival.whole = true;
	} else if (!falcon_arrival_identify(&arrival, skb)) {
		return FALCON_INTAKE_PASS;
	}
	if (arrival.known || !arrival.host)
		WRITE_ONCE(intake->saw, jiffies);
	bin = falcon_bin_of(&intake->bins, arrival.hash);
	if (bin->hash == arrival.hash) {
		if (!arrival.known)
			learn(intake, &arrival, skb);
		if (!can_collect(&arrival, skb))
			return FALCON_INTAKE_PASS;
		return collect(intake, bin, gro, skb);
	}
	if (falcon_strays_expected(&intake->bins.strays, arrival.hash) &&
	    can_collect(&arrival, skb))
		return stray(intake, gro, skb);
	/*
	 * It counts the NIC's polls; and the kernel polls it before the cell that this packet may
	 * be the first to come to, so what a batch brings goes ahead of all that waits there, too.
	 */
	if (arrival.plan->priority_auto || falcon_priority_has_batches())
		napi_schedule(&intake->doorbell->napi);
	switch (falcon_ladder_ask(arrival.plan, arrival.hash, skb, intake->doorbell->rounds,
				  &elephant, &rule)) {
	case FALCON_LADDER_AHEAD:
		if (can_collect(&arrival, skb))
			return set_ahead(intake, &arrival, NULL, rule, skb);
		break;
	case FALCON_LADDER_LANES:
		if (!can_collect(&arrival, skb)) {
			falcon_roster_put(elephant);
			break;
		}
		if (falcon_elephant_is_sync(elephant))
			return set_ahead(intake, &arrival, elephant, 0, skb);
		collect_first(intake, &arrival, elephant, skb);
		return FALCON_INTAKE_TAKEN;
	case FALCON_LADDER_CLIMBS:
		return arrival.whole ? FALCON_INTAKE_CLIMB : FALCON_INTAKE_PASS;
	case FALCON_LADDER_UNKNOWN:
		return watch(intake, &arrival, skb);
	case FALCON_LADDER_STOCK:
		break;
	}
	return FALCON_INTAKE_PASS;
}

static noinline enum falcon_intake_answer
answer_unexpected(struct intake *intake, struct falcon_gro *gro, struct napi_struct *frags,
		  struct sk_buff *skb)
{
	if (is_left_alone(intake, skb))
		return FALCON_INTAKE_PASS;
	return answer(intake, gro, frags, skb, 0);
}

/*
 * What most packets of a loaded NIC need: the cache tells the flow, and the poll has brought some
 * of it already. Whatever is not so at first sight gets the whole answer().
 *
 * Both come to the same: the cache tells the hash that answer() would find, and the slot is by the
 * hash alone. So packets of a flow are in one slot, whichever of them are known to the cache, and
 * whatever is learnt, found at another place or forgotten between them.
 */
static __always_inline enum falcon_intake_answer
answer_quickly(struct falcon_gro *gro, struct napi_struct *frags, struct sk_buff *skb)
{
	struct intake *intake = this_cpu_ptr(intakes);
	struct falcon_bin *bin;
	u32 hash;

	if (unlikely(!is_expected(intake, gro, skb)))
		return answer_unexpected(intake, gro, frags, skb);
	if (unlikely(!falcon_arrival_recall_alike(&intake->flows, frags, skb, &hash)))
		return answer(intake, gro, frags, skb, 1);
	bin = falcon_bin_of(&intake->bins, hash);
	if (unlikely(bin->hash != hash ||
		     (frags && !falcon_arrival_finish_frags(frags, skb))))
		return answer(intake, gro, frags, skb, 0);
	return collect(intake, bin, gro, skb);
}

enum falcon_intake_answer falcon_intake(struct falcon_gro *gro, struct sk_buff *skb)
{
	return answer_quickly(gro, NULL, skb);
}

enum falcon_intake_answer falcon_intake_frags(struct napi_struct *napi)
{
	if (!napi->skb)
		return FALCON_INTAKE_PASS;
	return answer_quickly(falcon_gro_of(napi), napi, napi->skb);
}

void falcon_intake_go_ahead(void)
{
	struct intake *intake = this_cpu_ptr(intakes);
	struct falcon_chain packets = intake->ahead.packets;

	intake->ahead.packets = (struct falcon_chain){};
	if (intake->ahead.elephant) {
		falcon_bins_hand_over(&intake->bins, intake->ahead.elephant, &packets,
				      &intake->context);
		falcon_strays_receive(&intake->bins.strays, &intake->context);
		return;
	}
	falcon_count_taken(intake->ahead.rule, packets.count);
	falcon_context_pass(&intake->context, &packets, false);
}

static bool climb(struct falcon_gro *gro, struct napi_struct *frags, struct sk_buff *skb)
{
	struct intake *intake = this_cpu_ptr(intakes);
	struct falcon_arrival arrival = { .gro = gro, .frags = frags };
	struct falcon_elephant *elephant;
	struct falcon_subject flow;
	struct falcon_encap encap;

	/* If it goes stock's way after all, it comes by once more. */
	intake->expected = NULL;
	if (!wanted(intake, &arrival, skb) || !falcon_arrival_identify(&arrival, skb))
		return false;
	falcon_arrival_subject(&arrival, skb, &flow, &encap);
	elephant = falcon_ladder_make(arrival.plan, arrival.hash, &flow, &encap, skb->dev);
	if (!elephant)
		return false;
	/* Packets of the flow that the NIC's GRO still has are before this one. */
	falcon_gro_flush(gro);
	falcon_doorbell_gate(intake->doorbell, elephant);
	if (!falcon_ladder_climb(elephant)) {
		falcon_doorbell_ungate(intake->doorbell, elephant);
		falcon_roster_put(elephant);
		return false;
	}
	if (!can_collect(&arrival, skb)) {
		falcon_elephant_leave(elephant, FALCON_LIMIT_NO_MERGE);
		falcon_roster_put(elephant);
		napi_schedule(&intake->doorbell->napi);
		return false;
	}
	collect_first(intake, &arrival, elephant, skb);
	return true;
}

bool falcon_intake_climb(struct falcon_gro *gro, struct sk_buff *skb)
{
	return climb(gro, NULL, skb);
}

bool falcon_intake_climb_frags(struct napi_struct *napi)
{
	return climb(falcon_gro_of(napi), napi, napi->skb);
}

/* Returns whether some gate is still shut. */
static bool look_at_gates(struct intake *intake)
{
	struct falcon_elephant *elephant;

	while ((elephant = falcon_doorbell_next(intake->doorbell)))
		falcon_elephant_open(elephant);
	return falcon_doorbell_has_gated(intake->doorbell);
}

static void let_go(struct intake *intake)
{
	LIST_HEAD(leaving);

	if (!falcon_doorbell_take_released(intake->doorbell, &leaving) &&
	    !falcon_releases_due(&intake->releases))
		return;
	falcon_releases_go(&intake->releases, &leaving, &intake->context);
	if (!list_empty(&leaving))
		falcon_doorbell_give_released(intake->doorbell, &leaving);
}

/* Whether some lane was helped, which may need more. */
static bool help(struct intake *intake)
{
	u64 now = local_clock();

	if (now - intake->helped < HELP_NS)
		return false;
	if (unlikely(falcon_lanes_help()))
		return true;
	intake->helped = now;
	return false;
}

static int answer_doorbell(struct napi_struct *napi, int budget)
{
	struct falcon_doorbell *doorbell = container_of(napi, struct falcon_doorbell, napi);
	struct intake *intake = per_cpu_ptr(intakes, doorbell->cpu);
	bool again;

	/*
	 * It was polled for a CPU that was offline, and that is back: home with it, where the
	 * slots are touched.
	 */
	if (unlikely(doorbell->cpu != smp_processor_id() && cpu_online(doorbell->cpu))) {
		if (napi_complete_done(napi, 0))
			falcon_doorbell_go_home(doorbell);
		return 0;
	}

	falcon_bins_empty(&intake->bins, &intake->context);
	again = help(intake);
	again |= look_at_gates(intake);
	let_go(intake);
	falcon_strays_receive(&intake->bins.strays, &intake->context);
	falcon_doorbell_count(doorbell);

	napi_complete_done(napi, 0);
	if (again)
		napi_schedule(napi);
	return 0;
}

bool falcon_intakes_saw(u32 since)
{
	u32 now = jiffies;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (now - READ_ONCE(per_cpu_ptr(intakes, cpu)->saw) <= now - since)
			return true;
	return false;
}

int falcon_intakes_alloc(struct net_device *dummy)
{
	struct intake *intake;
	unsigned int cpu;
	int err;

	intakes = alloc_percpu(struct intake);
	if (!intakes)
		return -ENOMEM;
	err = falcon_doorbells_alloc(dummy, answer_doorbell);
	if (err) {
		free_percpu(intakes);
		return err;
	}
	for_each_possible_cpu(cpu) {
		intake = per_cpu_ptr(intakes, cpu);
		intake->doorbell = falcon_doorbell_of(cpu);
		intake->saw = jiffies - HZ;
		falcon_flow_cache_clear(&intake->flows);
		falcon_context_init(&intake->context, dummy);
		falcon_releases_init(&intake->releases, &intake->doorbell->napi, cpu);
	}
	return 0;
}

void falcon_intakes_stop(void)
{
	unsigned int cpu;

	falcon_doorbells_stop();
	for_each_possible_cpu(cpu)
		falcon_releases_stop(&per_cpu_ptr(intakes, cpu)->releases);
}

void falcon_intakes_free(void)
{
	struct falcon_elephant *elephant, *next;
	struct intake *intake;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		LIST_HEAD(left);

		intake = per_cpu_ptr(intakes, cpu);
		falcon_doorbell_take_released(intake->doorbell, &left);
		list_splice_init(&intake->releases.put_off, &left);
		/* Those that had left when another CPU brought something: nobody else has them. */
		list_for_each_entry_safe(elephant, next, &left, gate_node)
			falcon_inbox_drop(elephant);
		falcon_context_exit(&intake->context);
	}
	/* A grace period passes, for the context's instances as well. */
	falcon_doorbells_free();
	free_percpu(intakes);
}
