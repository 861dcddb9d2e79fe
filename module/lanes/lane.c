// SPDX-License-Identifier: GPL-2.0

#include <linux/hrtimer.h>
#include <linux/llist.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>

#include "core/plan.h"
#include "core/stats.h"
#include "host/napi.h"
#include "lanes/flow.h"
#include "lanes/lane.h"
#include "lanes/prio_queue.h"
#include "lanes/runner.h"
#include "policy/coalesce.h"

/* Packets that wait for a CPU: a backlog's worth (net.core.netdev_max_backlog's default). */
#define LANE_MAX 1000

/* After which a CPU stands still that was woken: longer than any moderation lets a lane wait. */
#define LATE_NS (20 * NSEC_PER_MSEC)

/* Runs that are looked at for one that may be processed on another CPU. */
#define HELP_TRIES 64

/* After which a container's ring is looked at again that had no room: what its poll takes once. */
#define RING_LOOK_NS (50 * NSEC_PER_USEC)

/* After which the lane's own CPU comes again, where another one helps: some dozen packets. */
#define OWNER_LOOK_NS (50 * NSEC_PER_USEC)

/*
 * After which a CPU that helps tries again those deliveries that it could not make: it looks in
 * each of its polls, and they may wait for the very CPU that it helps.
 */
#define RETRY_NS NSEC_PER_MSEC

struct falcon_lane {
	struct llist_head	posted_runs;
	struct llist_head	posted_deliveries;
	atomic_t		active;		/* 1: woken, and not at rest since */
	atomic_t		queued;		/* packets in runs; may be late by a moment */
	unsigned int		cpu;
	call_single_data_t	wake;
	struct falcon_lane	*to_wake;	/* the next one to wake, of who made both active */
	struct napi_struct	napi;
	u64			looked;		/* local_clock() when it was woken or last polled */
	unsigned long		owned;		/* bit 0: by the poll, or by a CPU that helps */

	/* Who owns it. */
	bool			helped;		/* that is a CPU that helps */
	struct falcon_prio_queue	runs;
	struct falcon_prio_queue	deliveries;
	struct list_head	held;		/* of these: those that cannot be made yet */
	u64			retried;	/* local_clock() when a helper tried these */
	struct falcon_runner	runner;
	struct falcon_coalescing coalesce;
	unsigned int		found;		/* posts, since the last look */
	struct hrtimer		timer;		/* looks again */

	unsigned int		next_helped;	/* CPU whose lane this CPU helps first; its own */
};

static struct falcon_lane __percpu *lanes;
static const struct falcon_lane_ops *ops;	/* of flows */

static struct falcon_lane *lane_of(u16 cpu)
{
	return per_cpu_ptr(lanes, cpu);
}

static void wake_here(void *info)
{
	struct falcon_lane *lane = info;

	napi_schedule(&lane->napi);
}

/*
 * Sent once for every time that a lane goes from rest to active, so the call before has been
 * answered. A CPU that is gone (-ENXIO) cannot come: its lane is polled here, as any NAPI of
 * an offline CPU.
 */
static void wake(struct falcon_lane *lane)
{
	if (lane->cpu == smp_processor_id()) {
		napi_schedule(&lane->napi);
		return;
	}
	falcon_count(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_WAKES);
	if (smp_call_function_single_async(lane->cpu, &lane->wake))
		napi_schedule(&lane->napi);
}

void falcon_lanes_wake(struct falcon_lane *to_wake)
{
	struct falcon_lane *lane;

	while (to_wake) {
		lane = to_wake;
		/* Before it is woken, as it may then rest and be somebody else's to wake. */
		to_wake = lane->to_wake;
		wake(lane);
	}
}

/*
 * After the post, which is a full barrier: either the lane sees it before it is parked, or we see
 * that it is parked. Who makes it active is the only one to wake it.
 */
static void note_rested(struct falcon_lane *lane, struct falcon_lane **to_wake)
{
	if (atomic_read(&lane->active) || atomic_xchg(&lane->active, 1))
		return;
	WRITE_ONCE(lane->looked, local_clock());
	lane->to_wake = *to_wake;
	*to_wake = lane;
}

void falcon_lane_queue(u16 cpu, struct falcon_run *run, struct falcon_lane **to_wake)
{
	struct falcon_lane *lane = lane_of(cpu);

	llist_add(&run->posted, &lane->posted_runs);
	note_rested(lane, to_wake);
}

void falcon_lane_deliver(u16 cpu, struct falcon_flow *flow, struct falcon_lane **to_wake)
{
	struct falcon_lane *lane = lane_of(cpu);

	llist_add(&flow->delivery_posted, &lane->posted_deliveries);
	note_rested(lane, to_wake);
}

void falcon_lane_add(u16 cpu, int count)
{
	atomic_add(count, &lane_of(cpu)->queued);
}

void falcon_lane_recall(struct falcon_reorder *reorder, struct falcon_chain *packets)
{
	struct falcon_run *run;
	unsigned int count;
	u32 number;

	/* What is before a run that has begun stays before it. */
	for (number = falcon_reorder_untouched(reorder); number != reorder->tail; number++) {
		run = &reorder->runs[number % FALCON_RUNS];
		count = falcon_reorder_recall(reorder, run, packets);
		if (count)
			falcon_lane_add(run->worker, -count);
	}
}

bool falcon_lane_is_full(u16 cpu)
{
	return atomic_read(&lane_of(cpu)->queued) >= LANE_MAX;
}

bool falcon_lane_is_idle(u16 cpu)
{
	return !atomic_read(&lane_of(cpu)->active);
}

/* What was posted, in the order of the posts, behind what is there of its class. */
static void fetch(struct falcon_lane *lane)
{
	struct falcon_flow *flow, *next_elephant;
	struct falcon_run *run, *next_run;
	struct llist_node *posted;

	if (!llist_empty(&lane->posted_runs)) {
		posted = llist_reverse_order(llist_del_all(&lane->posted_runs));
		llist_for_each_entry_safe(run, next_run, posted, posted)
			falcon_prio_queue_add(&lane->runs, &run->node, run->prio);
	}
	if (!llist_empty(&lane->posted_deliveries)) {
		posted = llist_reverse_order(llist_del_all(&lane->posted_deliveries));
		llist_for_each_entry_safe(flow, next_elephant, posted, delivery_posted) {
			falcon_prio_queue_add(&lane->deliveries, &flow->delivery_node,
					      READ_ONCE(flow->prio));
			lane->found++;
		}
	}
}

/*
 * The oldest run of a class; of the first ones, when this CPU helps, that of a flow that may be on
 * any. What the others had in the backlog of the lane's own CPU may still be there.
 */
static struct falcon_run *first_run(struct falcon_lane *lane, unsigned int prio)
{
	unsigned int tries = HELP_TRIES;
	struct falcon_run *run;

	list_for_each_entry(run, &lane->runs.list[prio], node) {
		if (likely(!lane->helped) || falcon_flow_can_be_helped(run->flow))
			return run;
		if (!--tries)
			break;
	}
	return NULL;
}

/* That run and those of the same flow that directly follow it, here and there. */
static unsigned int pop_runs(struct falcon_lane *lane, unsigned int prio, struct falcon_run *run,
			     unsigned int budget)
{
	const struct falcon_flow *flow = run->flow;
	struct list_head *end = &lane->runs.list[prio];
	unsigned int count = 0, packets = 0;
	struct falcon_run *next;
	u32 first = run->number;

	list_for_each_entry_safe_from(run, next, end, node) {
		if (count && (run->flow != flow || run->number != first + count ||
			      packets >= budget))
			break;
		/* It may grow meanwhile, under the flow's lock: by a poll beyond the budget. */
		packets += data_race(READ_ONCE(run->taken));
		/* Each would have been a wake-up. */
		lane->found += data_race(READ_ONCE(run->posts));
		falcon_prio_queue_take(&lane->runs, &run->node, prio);
		count++;
	}
	return count;
}

/*
 * The run whose turn it is, and its class; or NULL. A CPU that helps leaves alone what it must not
 * do: a class of nothing else takes no turn from others, however long it has waited.
 */
static struct falcon_run *next_run(struct falcon_lane *lane, unsigned int *prio)
{
	unsigned long prios = lane->runs.waiting;
	struct falcon_run *run = NULL;

	while (!run && prios) {
		*prio = falcon_prio_queue_turn_of(&lane->runs, prios);
		run = first_run(lane, *prio);
		prios &= ~BIT(*prio);
	}
	return run;
}

static unsigned int process(struct falcon_lane *lane, unsigned int budget)
{
	struct falcon_flow *flow;
	unsigned int prio, count, packets;
	struct falcon_run *run;
	u32 first;

	run = next_run(lane, &prio);
	if (!run)
		return 0;
	flow = run->flow;
	first = run->number;
	count = pop_runs(lane, prio, run, budget);
	packets = ops->process(flow, first, count, &lane->runner);
	falcon_prio_queue_count(&lane->runs, prio, packets);
	/* The runs' packets may be gone, with a device: the next run's are not. */
	return max(packets, count) + lane->runner.behind;
}

static unsigned int deliver(struct falcon_lane *lane, unsigned int budget)
{
	struct falcon_flow *flow;
	unsigned int prio;
	int packets;

	while (!falcon_prio_queue_empty(&lane->deliveries)) {
		prio = falcon_prio_queue_turn(&lane->deliveries);
		flow = list_entry(falcon_prio_queue_first(&lane->deliveries, prio),
				  struct falcon_flow, delivery_node);
		falcon_prio_queue_pop(&lane->deliveries, prio);
		if (unlikely(lane->helped && !falcon_flow_can_be_helped(flow))) {
			list_add_tail(&flow->delivery_node, &lane->held);
			continue;
		}
		packets = ops->deliver(flow, budget);
		if (packets >= 0) {
			falcon_prio_queue_count(&lane->deliveries, prio, packets);
			/* Its packets may be gone, with a device: the next delivery's are not. */
			return max(packets, 1);
		}
		list_add_tail(&flow->delivery_node, &lane->held);
	}
	return 0;
}

/* The next look is at rings, too, that had no room at the last one. */
static void retry_held(struct falcon_lane *lane)
{
	struct falcon_flow *flow, *next;
	u64 now;

	if (likely(list_empty(&lane->held)))
		return;
	if (unlikely(lane->helped)) {
		now = local_clock();
		if (now - lane->retried < RETRY_NS)
			return;
		lane->retried = now;
	}
	list_for_each_entry_safe(flow, next, &lane->held, delivery_node)
		falcon_prio_queue_add(&lane->deliveries, &flow->delivery_node,
				      READ_ONCE(flow->prio));
	INIT_LIST_HEAD(&lane->held);
}

/* Whether the lane rests; who posts from now on wakes it. */
static bool rest(struct falcon_lane *lane)
{
	if (!falcon_prio_queue_empty(&lane->runs) || !falcon_prio_queue_empty(&lane->deliveries))
		return false;
	atomic_set(&lane->active, 0);
	smp_mb();	/* pairs with the post in falcon_lane_queue() and falcon_lane_deliver() */
	if (llist_empty(&lane->posted_runs) && llist_empty(&lane->posted_deliveries))
		return true;
	/* Posted in between: whoever sets it again has the work, we or a wake-up. */
	return atomic_xchg(&lane->active, 1);
}

/* As a CPU that goes takes its timers elsewhere, the lane is looked after there. */
static enum hrtimer_restart look_again(struct hrtimer *timer)
{
	struct falcon_lane *lane = container_of(timer, struct falcon_lane, timer);

	napi_schedule(&lane->napi);
	return HRTIMER_NORESTART;
}

/* In how many ns the lane, which stays active, looks again; 0: it is parked. */
static u32 next_look(struct falcon_lane *lane)
{
	const struct falcon_plan *plan = rcu_dereference_bh(falcon_plan);
	unsigned int found = lane->found;
	u32 wait;

	lane->found = 0;
	wait = falcon_coalesce(&lane->coalesce, local_clock(), found,
			       plan ? plan->coalesce : 0);
	if (likely(list_empty(&lane->held)))
		return wait;
	return wait ? min(wait, RING_LOOK_NS) : RING_LOOK_NS;
}

static bool own(struct falcon_lane *lane)
{
	return !test_and_set_bit_lock(0, &lane->owned);
}

static void disown(struct falcon_lane *lane)
{
	clear_bit_unlock(0, &lane->owned);
}

/* Deliver and process what is there, in its order. Returns packets. */
static unsigned int look_after(struct falcon_lane *lane, unsigned int budget)
{
	unsigned int work = 0, some;

	retry_held(lane);
	do {
		fetch(lane);
		some = deliver(lane, budget - work);
		if (work + some < budget)
			some += process(lane, budget - work - some);
		work += some;
	} while (some && work < budget);
	return work;
}

/* @wait: ns until the next poll, unless the lane was woken meanwhile; 0: it is parked */
static void end_poll(struct falcon_lane *lane, unsigned int work, u32 wait)
{
	if (napi_complete_done(&lane->napi, work) && wait)
		hrtimer_start(&lane->timer, ns_to_ktime(wait), HRTIMER_MODE_REL_PINNED);
}

static int lane_poll(struct napi_struct *napi, int budget)
{
	struct falcon_lane *lane = container_of(napi, struct falcon_lane, napi);
	unsigned int work;
	bool again = true;
	u32 wait = 0;

	WRITE_ONCE(lane->looked, local_clock());
	/*
	 * A helper owns the lane until it has done a poll's worth, and its CPU may stand still
	 * meanwhile. The lane stays active, so only its timer can bring this CPU back.
	 */
	if (unlikely(!own(lane))) {
		end_poll(lane, 0, OWNER_LOOK_NS);
		return 0;
	}
	work = look_after(lane, budget);
	if (work < budget) {
		wait = next_look(lane);
		/* What came meanwhile is for the next poll. */
		again = !wait && !rest(lane);
	}
	disown(lane);
	if (again)
		return budget;
	end_poll(lane, work, wait);
	return work;
}

static bool is_late(const struct falcon_lane *lane)
{
	return lane->cpu != smp_processor_id() && atomic_read(&lane->active) &&
	       (s64)(local_clock() - READ_ONCE(lane->looked)) > LATE_NS;
}

unsigned int falcon_lanes_help(void)
{
	unsigned int first = __this_cpu_read(lanes->next_helped), cpu, work = 0;
	struct falcon_lane *lane;

	for_each_cpu_wrap(cpu, cpu_online_mask, first) {
		lane = lane_of(cpu);
		/* It stays active: its own CPU was woken, and lets it rest when it comes. */
		if (likely(!is_late(lane)) || !own(lane))
			continue;
		lane->helped = true;
		work += look_after(lane, NAPI_POLL_WEIGHT - work);
		lane->helped = false;
		disown(lane);
		/* The next one comes first another time. */
		__this_cpu_write(lanes->next_helped, cpu + 1);
		if (work >= NAPI_POLL_WEIGHT)
			break;
	}
	if (work)
		falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_HELPED, work);
	return work;
}

int falcon_lanes_alloc(struct net_device *dummy, const struct falcon_lane_ops *flow_ops)
{
	struct falcon_lane *lane;
	unsigned int cpu;

	ops = flow_ops;
	lanes = alloc_percpu(struct falcon_lane);
	if (!lanes)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(lanes, cpu);
		falcon_prio_queue_init(&lane->runs);
		falcon_prio_queue_init(&lane->deliveries);
		INIT_LIST_HEAD(&lane->held);
		lane->cpu = cpu;
		INIT_CSD(&lane->wake, wake_here, lane);
		hrtimer_setup(&lane->timer, look_again, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
		falcon_runner_init(&lane->runner, dummy);
		falcon_napi_add(dummy, &lane->napi, lane_poll);
		napi_enable(&lane->napi);
	}
	return 0;
}

void falcon_lanes_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		napi_disable(&per_cpu_ptr(lanes, cpu)->napi);
	/* A poll starts the timer when it is complete already. */
	synchronize_net();
	for_each_possible_cpu(cpu)
		hrtimer_cancel(&per_cpu_ptr(lanes, cpu)->timer);
}

void falcon_lanes_free(void)
{
	struct falcon_lane *lane;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(lanes, cpu);
		__netif_napi_del(&lane->napi);
		falcon_runner_exit(&lane->runner);
	}
	synchronize_net();
	free_percpu(lanes);
}
