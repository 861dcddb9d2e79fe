// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <net/gro.h>

#include "arrival.h"
#include "backlog.h"
#include "cell.h"
#include "clock.h"
#include "context.h"
#include "cpu.h"
#include "device.h"
#include "elephant.h"
#include "forget.h"
#include "intake.h"
#include "ladder.h"
#include "lane.h"
#include "napi.h"
#include "plan.h"
#include "policy.h"
#include "priority.h"
#include "rank.h"
#include "release.h"
#include "stats.h"
#include "stray.h"

/* How often lanes are looked at whose CPUs may stand still. */
#define HELP_NS NSEC_PER_MSEC

#define SLOTS 16	/* flows that one poll is collected for, a power of two */

/* Rounds until the cache may learn again when it was in vain. */
#define LEARN_AGAIN 16

/* What this poll has brought of a flow. */
struct slot {
	struct falcon_elephant	*elephant;	/* with a reference; NULL when free */
	u32			hash;		/* 0 when free, which no flow has */
	u8			class;		/* of priority */
	struct falcon_chain	packets;
};

/* Touched by its CPU with BH off, but for the lists and the wake-up. */
struct intake {
	struct slot		slots[SLOTS];
	u16			of_class[FALCON_CLASSES];	/* bits of the slots in use */
	unsigned long		classes;	/* bits of those that have some */
	struct {
		struct falcon_elephant	*elephant;	/* with a reference; or NULL */
		u32			rule;
		struct falcon_chain	packets;
	} ahead;				/* the packet that is to go ahead now */
	struct falcon_strays	strays;		/* of flows that had left */
	/* Whether the device is a NIC that falcon looks after, by the plan of this number. */
	const struct net_device	*dev;
	u32			generation;
	bool			managed;
	/* Whose packets are all looked at, if they are this device's; or NULL. */
	const struct falcon_gro	*expected;
	struct falcon_flow_cache flows;		/* by the tunnels of the same plan */
	u32			learn_from;	/* rounds from which it may learn another one */
	/* While hooks rest, by the same plan. */
	unsigned long		window;		/* jiffies of its begin */
	u32			seen;		/* packets in it that were looked at */
	u32			unseen;		/* how many more need not be */
	u32			calm;		/* how many those were at its begin */
	u32			saw;		/* jiffies of the last packet of a tunnel's flow */
	unsigned int		cpu;

	spinlock_t		lock;		/* innermost; BH */
	struct list_head	gated;		/* flows that wait for this CPU's queues */
	u32			rounds;		/* polls of the doorbell */
	u32			marked;		/* of them, when flushing began */
	struct list_head	released;	/* flows that go back to stock's path here */
	struct falcon_releases	releases;	/* the poll's own: of those that it lets go */
	u64			helped;		/* local_clock() when no lane needed help */
	call_single_data_t	ring;
	struct napi_struct	doorbell;
	struct falcon_context	context;
};

static struct intake __percpu *intakes;

static void count_taken(u32 rule, unsigned int count)
{
	falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_TAKEN, count);
	if (rule)
		falcon_priority_count(rule, count);
}

static void hand_over(struct intake *intake, struct falcon_elephant *elephant,
		      struct falcon_chain *packets, struct falcon_context *context)
{
	count_taken(READ_ONCE(elephant->priority.rule), packets->count);
	/* It may have left since: nothing of it is in flight. */
	if (!falcon_elephant_take(elephant, packets, context))
		falcon_chain_splice(&intake->strays.packets, packets);
	falcon_ladder_put(elephant);
}

/* A flow may have gone into lanes before hooks rest: the first window of a plan is seen whole. */
static void forget_calm(struct intake *intake)
{
	intake->window = jiffies - FALCON_LADDER_WINDOW;
	intake->seen = U32_MAX / 2;
	intake->calm = 0;
	intake->unseen = 0;
}

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
		forget_calm(intake);
	}
	intake->generation = plan->generation;
	return intake->managed;
}

static bool can_collect(const struct falcon_arrival *arrival, struct sk_buff *skb)
{
	return !arrival->frags || falcon_arrival_finish_frags(arrival->frags, skb);
}

static struct slot *slot_of(struct intake *intake, u32 hash)
{
	return &intake->slots[hash % SLOTS];
}

static void occupy(struct intake *intake, struct slot *slot)
{
	slot->class = READ_ONCE(slot->elephant->priority.class);
	intake->of_class[slot->class] |= BIT(slot - intake->slots);
	intake->classes |= BIT(slot->class);
}

static void empty_slot(struct intake *intake, struct slot *slot, struct falcon_context *context)
{
	struct falcon_elephant *elephant = slot->elephant;
	struct falcon_chain packets = slot->packets;

	intake->of_class[slot->class] &= ~BIT(slot - intake->slots);
	if (!intake->of_class[slot->class])
		intake->classes &= ~BIT(slot->class);
	*slot = (struct slot){};
	hand_over(intake, elephant, &packets, context);
}

/* What was collected, the highest class first. */
static void empty_slots(struct intake *intake)
{
	unsigned int class;

	while (intake->classes) {
		class = __fls(intake->classes);
		empty_slot(intake, &intake->slots[__ffs(intake->of_class[class])],
			   &intake->context);
	}
}

/* As much as a run takes. What comes next is of the same flow: the slot stays its own. */
static noinline void empty_full_slot(struct intake *intake, struct slot *slot)
{
	struct falcon_chain packets = slot->packets;

	slot->packets = (struct falcon_chain){};
	refcount_inc(&slot->elephant->refs);
	hand_over(intake, slot->elephant, &packets, NULL);
}

static enum falcon_intake_answer collect(struct intake *intake, struct slot *slot,
					 struct falcon_gro *gro, struct sk_buff *skb)
{
	/* Those before it: this one is still for a program at GRO's entry to read. */
	if (unlikely(slot->packets.count >= FALCON_RUN_MAX))
		empty_full_slot(intake, slot);
	falcon_gro_mark(gro, skb);
	falcon_chain_add(&slot->packets, skb);
	return FALCON_INTAKE_TAKEN;
}

/* Another flow comes to the slot. If its own one has left, what comes of that must be behind. */
static noinline void evict(struct intake *intake, struct slot *slot)
{
	unsigned int strays = intake->strays.packets.count;
	u32 hash = slot->hash;

	empty_slot(intake, slot, NULL);
	if (unlikely(intake->strays.packets.count != strays))
		falcon_strays_expect(&intake->strays, hash);
}

static enum falcon_intake_answer stray(struct intake *intake, struct falcon_gro *gro,
				       struct sk_buff *skb)
{
	count_taken(0, 1);
	falcon_gro_mark(gro, skb);
	falcon_chain_add(&intake->strays.packets, skb);
	return FALCON_INTAKE_TAKEN;
}

/* The first packet that this poll brings of the flow; takes over the reference. */
static void collect_first(struct intake *intake, const struct falcon_arrival *arrival,
			  struct falcon_elephant *elephant, struct sk_buff *skb)
{
	struct slot *slot = slot_of(intake, arrival->hash);

	if (slot->elephant)
		evict(intake, slot);
	slot->elephant = elephant;
	slot->hash = arrival->hash;
	occupy(intake, slot);
	collect(intake, slot, arrival->gro, skb);
	napi_schedule(&intake->doorbell);
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

static bool in_window(const struct intake *intake)
{
	return jiffies - intake->window < FALCON_LADDER_WINDOW;
}

/*
 * How many packets of a window need not be looked at, beside the one by which mice are known: while
 * no more come to this CPU, none of its flows can be an elephant. (A flow's window overlaps at most
 * two of the CPU's, one of which has at least half of its packets.) @before: in the window before
 */
static u32 calm_packets(const struct falcon_plan *plan, u32 before)
{
	bool loaded = falcon_load_above(smp_processor_id());
	u32 limit = falcon_policy_floor(plan->elephant_window, loaded);

	return before < limit && limit > 2 ? limit - 2 : 0;
}

/* A packet is looked at. */
static void count_seen(struct intake *intake, const struct falcon_plan *plan)
{
	if (!plan->resting || plan->priority_auto || plan->watches_all)
		return;
	if (!in_window(intake)) {
		intake->calm = calm_packets(plan, intake->seen + intake->calm - intake->unseen);
		intake->unseen = intake->calm;
		intake->window = jiffies;
		intake->seen = 0;
	}
	intake->seen++;
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
	if (!intake->unseen || !in_window(intake))
		return false;
	intake->unseen--;
	return true;
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
	if (falcon_clock_is_ahead(intake->learn_from, intake->rounds, LEARN_AGAIN + 1))
		return;
	intake->learn_from = intake->rounds + 1;
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
	struct slot *slot;
	u32 rule;

	arrival.gro = gro;
	arrival.frags = frags;
	if (!wanted(intake, &arrival, skb))
		return FALCON_INTAKE_PASS;
	intake->expected = arrival.plan->resting ? NULL : gro;
	count_seen(intake, arrival.plan);
	arrival.hash = falcon_arrival_recall(&intake->flows, frags, skb, tried);
	if (arrival.hash) {
		arrival.known = true;
		arrival.whole = true;
	} else if (!falcon_arrival_identify(&arrival, skb)) {
		return FALCON_INTAKE_PASS;
	}
	if (arrival.known || !arrival.host)
		WRITE_ONCE(intake->saw, jiffies);
	slot = slot_of(intake, arrival.hash);
	if (slot->hash == arrival.hash) {
		if (!arrival.known)
			learn(intake, &arrival, skb);
		if (!can_collect(&arrival, skb))
			return FALCON_INTAKE_PASS;
		return collect(intake, slot, gro, skb);
	}
	if (falcon_strays_expected(&intake->strays, arrival.hash) && can_collect(&arrival, skb))
		return stray(intake, gro, skb);
	/*
	 * It counts the NIC's polls; and the kernel polls it before the cell that this packet may
	 * be the first to come to, so what a batch brings goes ahead of all that waits there, too.
	 */
	if (arrival.plan->priority_auto || falcon_priority_has_batches())
		napi_schedule(&intake->doorbell);
	switch (falcon_ladder_ask(arrival.plan, arrival.hash, skb, intake->rounds, &elephant,
				  &rule)) {
	case FALCON_LADDER_AHEAD:
		if (can_collect(&arrival, skb))
			return set_ahead(intake, &arrival, NULL, rule, skb);
		break;
	case FALCON_LADDER_LANES:
		if (!can_collect(&arrival, skb)) {
			falcon_ladder_put(elephant);
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
	struct slot *slot;
	u32 hash;

	if (unlikely(!is_expected(intake, gro, skb)))
		return answer_unexpected(intake, gro, frags, skb);
	if (unlikely(!falcon_arrival_recall_alike(&intake->flows, frags, skb, &hash)))
		return answer(intake, gro, frags, skb, 1);
	slot = slot_of(intake, hash);
	if (unlikely(slot->hash != hash ||
		     (frags && !falcon_arrival_finish_frags(frags, skb))))
		return answer(intake, gro, frags, skb, 0);
	return collect(intake, slot, gro, skb);
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
		hand_over(intake, intake->ahead.elephant, &packets, &intake->context);
		falcon_strays_receive(&intake->strays, &intake->context);
		return;
	}
	count_taken(intake->ahead.rule, packets.count);
	falcon_context_pass(&intake->context, &packets, false);
}

static void gate(struct intake *intake, struct falcon_elephant *elephant)
{
	spin_lock(&intake->lock);
	elephant->gate_round = intake->rounds;
	list_add_tail(&elephant->gate_node, &intake->gated);
	spin_unlock(&intake->lock);
}

static void ungate(struct intake *intake, struct falcon_elephant *elephant)
{
	spin_lock(&intake->lock);
	list_del_init(&elephant->gate_node);
	spin_unlock(&intake->lock);
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
	gate(intake, elephant);
	if (!falcon_ladder_climb(elephant)) {
		ungate(intake, elephant);
		falcon_ladder_put(elephant);
		return false;
	}
	if (!can_collect(&arrival, skb)) {
		falcon_elephant_leave(elephant, FALCON_LIMIT_NO_MERGE);
		falcon_ladder_put(elephant);
		napi_schedule(&intake->doorbell);
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

/*
 * Whether the flow's earlier packets have left stock's queues on this CPU, which the NIC's
 * GRO was flushed into when the gate was shut: the tunnel's GRO cell, then the backlog.
 *
 * Neither can be looked into; the cell is known to be empty of them after so many polls of the
 * doorbell, and the backlog counts (as for RFS).
 */
static bool has_drained(const struct intake *intake, struct falcon_elephant *elephant)
{
	/* What a CPU had that went offline is here now. */
	if (unlikely(elephant->gate_cpu != smp_processor_id())) {
		elephant->gate_cpu = smp_processor_id();
		elephant->gate_round = intake->rounds;
		elephant->gate_in_cell = true;
	}
	if (elephant->gate_in_cell) {
		if (intake->rounds - elephant->gate_round < falcon_cell_rounds())
			return false;
		elephant->gate_in_cell = false;
		falcon_backlog_mark(&elephant->gate_mark, FALCON_BACKLOG_PASSES);
	}
	return falcon_backlog_is_through(&elephant->gate_mark);
}

/* A flow whose gate is to be opened, or NULL. */
static struct falcon_elephant *next_gate(struct intake *intake)
{
	struct falcon_elephant *elephant, *found = NULL;

	spin_lock(&intake->lock);
	list_for_each_entry(elephant, &intake->gated, gate_node) {
		if (!has_drained(intake, elephant))
			continue;
		found = elephant;
		list_del_init(&elephant->gate_node);
		break;
	}
	spin_unlock(&intake->lock);
	return found;
}

/* Returns whether some gate is still shut. */
static bool look_at_gates(struct intake *intake)
{
	struct falcon_elephant *elephant;

	/* This CPU has shut what is there, so most polls need not take the lock. */
	if (list_empty_careful(&intake->gated))
		return false;
	while ((elephant = next_gate(intake)))
		falcon_elephant_open(elephant);
	return !list_empty_careful(&intake->gated);
}

static void ring_here(void *info)
{
	struct intake *intake = info;

	napi_schedule(&intake->doorbell);
}

/*
 * Under the intake's lock, as two may not use the call at once. -EBUSY: it rings already.
 * -ENXIO: as any NAPI of a CPU that is gone, it is polled here.
 */
static void ring(struct intake *intake)
{
	if (intake->cpu == smp_processor_id() ||
	    smp_call_function_single_async(intake->cpu, &intake->ring) == -ENXIO)
		napi_schedule(&intake->doorbell);
}

void falcon_intake_release(u16 cpu, struct falcon_elephant *elephant)
{
	struct intake *intake = per_cpu_ptr(intakes, cpu);

	spin_lock(&intake->lock);
	list_add_tail(&elephant->gate_node, &intake->released);
	ring(intake);
	spin_unlock(&intake->lock);
}

static void let_go(struct intake *intake)
{
	LIST_HEAD(leaving);

	/* A CPU rings after it has added a flow: the next poll sees a flow that this one misses. */
	if (!falcon_releases_due(&intake->releases) && list_empty_careful(&intake->released))
		return;
	spin_lock(&intake->lock);
	list_splice_init(&intake->released, &leaving);
	spin_unlock(&intake->lock);
	falcon_releases_go(&intake->releases, &leaving, &intake->context);
	if (list_empty(&leaving))
		return;
	spin_lock(&intake->lock);
	list_splice(&leaving, &intake->released);
	ring(intake);
	spin_unlock(&intake->lock);
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

void falcon_intake_look(void)
{
	local_bh_disable();
	napi_schedule(&this_cpu_ptr(intakes)->doorbell);
	local_bh_enable();
}

static int answer_doorbell(struct napi_struct *napi, int budget)
{
	struct intake *intake = container_of(napi, struct intake, doorbell);
	bool again;

	/*
	 * It was polled for a CPU that was offline, and that is back: home with it, where the
	 * slots are touched.
	 */
	if (unlikely(intake->cpu != smp_processor_id() && cpu_online(intake->cpu))) {
		if (napi_complete_done(napi, 0)) {
			spin_lock(&intake->lock);
			ring(intake);
			spin_unlock(&intake->lock);
		}
		return 0;
	}

	empty_slots(intake);
	again = help(intake);
	again |= look_at_gates(intake);
	let_go(intake);
	falcon_strays_receive(&intake->strays, &intake->context);
	WRITE_ONCE(intake->rounds, intake->rounds + 1);

	napi_complete_done(napi, 0);
	if (again)
		napi_schedule(napi);
	return 0;
}

bool falcon_intakes_are_flushed(bool begin)
{
	struct intake *intake;
	bool flushed = true;
	unsigned int cpu;

	/* Under traffic it is always scheduled: until it has been polled once. */
	for_each_possible_cpu(cpu) {
		intake = per_cpu_ptr(intakes, cpu);
		if (begin)
			intake->marked = READ_ONCE(intake->rounds);
		flushed &= !test_bit(NAPI_STATE_SCHED, &intake->doorbell.state) ||
			   READ_ONCE(intake->rounds) != intake->marked;
	}
	return flushed;
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

	intakes = alloc_percpu(struct intake);
	if (!intakes)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		intake = per_cpu_ptr(intakes, cpu);
		intake->cpu = cpu;
		intake->saw = jiffies - HZ;
		spin_lock_init(&intake->lock);
		INIT_LIST_HEAD(&intake->gated);
		INIT_LIST_HEAD(&intake->released);
		falcon_flow_cache_clear(&intake->flows);
		INIT_CSD(&intake->ring, ring_here, intake);
		falcon_context_init(&intake->context, dummy);
		falcon_napi_add(dummy, &intake->doorbell, answer_doorbell);
		falcon_releases_init(&intake->releases, &intake->doorbell, cpu);
		napi_enable(&intake->doorbell);
	}
	return 0;
}

/*
 * Usually the doorbell's last poll has handed over everything. It has not if another CPU ran that
 * poll, and the doorbell's own CPU had just come online.
 */
static void drop_collected(struct intake *intake)
{
	struct slot *slot;

	for (slot = intake->slots; slot < intake->slots + SLOTS; slot++) {
		if (!slot->elephant)
			continue;
		count_taken(READ_ONCE(slot->elephant->priority.rule), slot->packets.count);
		falcon_forget_packets(&slot->packets, FALCON_STAGE_NIC);
		falcon_ladder_put(slot->elephant);
	}
	falcon_forget_packets(&intake->strays.packets, FALCON_STAGE_NIC);
}

void falcon_intakes_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		napi_disable(&per_cpu_ptr(intakes, cpu)->doorbell);
		falcon_releases_stop(&per_cpu_ptr(intakes, cpu)->releases);
	}
	local_bh_disable();
	for_each_possible_cpu(cpu)
		drop_collected(per_cpu_ptr(intakes, cpu));
	local_bh_enable();
}

void falcon_intakes_free(void)
{
	struct falcon_elephant *elephant, *next;
	struct intake *intake;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		intake = per_cpu_ptr(intakes, cpu);
		list_splice_init(&intake->releases.put_off, &intake->released);
		/* Those that had left when another CPU brought something: nobody else has them. */
		list_for_each_entry_safe(elephant, next, &intake->released, gate_node)
			falcon_forget_flow(elephant);
		__netif_napi_del(&intake->doorbell);
		falcon_context_exit(&intake->context);
	}
	synchronize_net();
	free_percpu(intakes);
}
