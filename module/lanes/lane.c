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

/* Packets that may wait in a lane: as in a backlog (default of net.core.netdev_max_backlog). */
#define LANE_MAX 1000

/* A CPU that was woken and has not come for so long needs help. No coalescing waits as long. */
#define LATE_NS (20 * NSEC_PER_MSEC)

/* Runs of a priority that a helping CPU looks through for one that it may process. */
#define HELP_TRIES 64

/* When to look again at a device's ring that had no room: the time of one poll of it. */
#define RING_LOOK_NS (50 * NSEC_PER_USEC)

/* When the lane's own CPU looks if the helping CPU is done: the time of some dozen packets. */
#define OWNER_LOOK_NS (50 * NSEC_PER_USEC)

/*
 * When a helping CPU retries deliveries that it could not make. It helps in each of its polls, and
 * these deliveries may wait for the very CPU that it helps.
 */
#define RETRY_NS NSEC_PER_MSEC

struct falcon_lane {
	struct llist_head	posted_runs;
	struct llist_head	posted_deliveries;
	atomic_t		active;		/* 1: woken, and not idle since */
	atomic_t		queued;		/* packets in runs; may lag for a moment */
	unsigned int		cpu;
	call_single_data_t	wake;
	struct falcon_lane	*to_wake;	/* next in the list of the CPU that wakes it */
	struct napi_struct	napi;
	u64			looked;		/* local_clock() when it was woken or last polled */
	unsigned long		owned;		/* bit 0: by its poll or a helping CPU */

	/* For the owner only. */
	bool			helped;		/* the owner is a helping CPU */
	struct falcon_prio_queue	runs;
	struct falcon_prio_queue	deliveries;
	struct list_head	held;		/* deliveries that cannot be made yet */
	u64			retried;	/* local_clock() when a helper retried them */
	struct falcon_runner	runner;
	struct falcon_coalescing coalesce;
	unsigned int		found;		/* posts since the last look */
	struct hrtimer		timer;		/* looks again */

	unsigned int		next_helped;	/* CPU that this lane's CPU helps first */
};

static struct falcon_lane __percpu *lanes;
static const struct falcon_lane_ops *ops;

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
 * Called once each time that a lane becomes active. It was idle before, so its CPU has answered the
 * last IPI, and lane->wake is free. A CPU that is offline (-ENXIO) cannot come: its lane is polled
 * here, as any NAPI instance of an offline CPU.
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
		/* Read before the wake-up: then the lane may go idle and be in another list. */
		to_wake = lane->to_wake;
		wake(lane);
	}
}

/*
 * Called after the post, which is a full barrier: either the lane sees the post before it goes
 * idle, or we see that it is idle. Only the CPU that makes it active wakes it.
 */
static void activate(struct falcon_lane *lane, struct falcon_lane **to_wake)
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
	activate(lane, to_wake);
}

void falcon_lane_deliver(u16 cpu, struct falcon_flow *flow, struct falcon_lane **to_wake)
{
	struct falcon_lane *lane = lane_of(cpu);

	llist_add(&flow->delivery_posted, &lane->posted_deliveries);
	activate(lane, to_wake);
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

	/* A run that is followed by a started one stays before that. */
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

/* Move posts to the queues, in their order, each behind all others of its priority. */
static void fetch(struct falcon_lane *lane)
{
	struct falcon_flow *flow, *next_flow;
	struct falcon_run *run, *next_run;
	struct llist_node *posted;

	if (!llist_empty(&lane->posted_runs)) {
		posted = llist_reverse_order(llist_del_all(&lane->posted_runs));
		llist_for_each_entry_safe(run, next_run, posted, posted)
			falcon_prio_queue_add(&lane->runs, &run->node, run->prio);
	}
	if (!llist_empty(&lane->posted_deliveries)) {
		posted = llist_reverse_order(llist_del_all(&lane->posted_deliveries));
		llist_for_each_entry_safe(flow, next_flow, posted, delivery_posted) {
			falcon_prio_queue_add(&lane->deliveries, &flow->delivery_node,
					      READ_ONCE(flow->prio));
			lane->found++;
		}
	}
}

/*
 * The oldest run of a priority. For a helping CPU, the oldest one among the first HELP_TRIES that
 * any CPU may process: other flows may still have packets in the backlog of the lane's own CPU.
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

/* Remove that run, and those that directly follow it both in the queue and in its flow. */
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
		/* It may grow meanwhile, under the flow's lock: by one poll beyond the budget. */
		packets += data_race(READ_ONCE(run->taken));
		/* Each post would have been a wake-up. */
		lane->found += data_race(READ_ONCE(run->posts));
		falcon_prio_queue_take(&lane->runs, &run->node, prio);
		count++;
	}
	return count;
}

/*
 * The run whose turn it is, or NULL. @prio: result: its priority. A priority that has no run for a
 * helping CPU takes no turn from others, however long it has waited.
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
	/* Packets may have gone with their device. A run counts still: 0 would end the loop. */
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
			/* As in process(). */
			return max(packets, 1);
		}
		list_add_tail(&flow->delivery_node, &lane->held);
	}
	return 0;
}

/* Queue held deliveries again: by now their rings may have room. */
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

/* True if the lane has become idle: the next CPU that posts wakes it. */
static bool go_idle(struct falcon_lane *lane)
{
	if (!falcon_prio_queue_empty(&lane->runs) || !falcon_prio_queue_empty(&lane->deliveries))
		return false;
	atomic_set(&lane->active, 0);
	smp_mb();	/* pairs with the post in falcon_lane_queue() and falcon_lane_deliver() */
	if (llist_empty(&lane->posted_runs) && llist_empty(&lane->posted_deliveries))
		return true;
	/* Posted in between. Either we make it active again, or the CPU that posted does. */
	return atomic_xchg(&lane->active, 1);
}

/* If the lane's CPU goes offline, its timers move to another CPU, which then polls the lane. */
static enum hrtimer_restart look_again(struct hrtimer *timer)
{
	struct falcon_lane *lane = container_of(timer, struct falcon_lane, timer);

	napi_schedule(&lane->napi);
	return HRTIMER_NORESTART;
}

/* Nanoseconds after which the lane looks again, and until which it stays active; 0: none. */
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

/* Deliver and process what the lane has. Returns packets. */
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

/* @wait: ns until the next poll, unless the lane is woken before; 0: it is idle */
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
	 * A helping CPU owns the lane until it has done a poll's worth of work, and may itself
	 * stand still meanwhile. An active lane gets no IPI: only its timer brings this CPU back.
	 */
	if (unlikely(!own(lane))) {
		end_poll(lane, 0, OWNER_LOOK_NS);
		return 0;
	}
	work = look_after(lane, budget);
	if (work < budget) {
		wait = next_look(lane);
		/* Posts that came meanwhile are for the next poll. */
		again = !wait && !go_idle(lane);
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
		/* The lane stays active: its own CPU was woken, and makes it idle when it comes. */
		if (likely(!is_late(lane)) || !own(lane))
			continue;
		lane->helped = true;
		work += look_after(lane, NAPI_POLL_WEIGHT - work);
		lane->helped = false;
		disown(lane);
		/* Begin with the next CPU another time. */
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
	/* A poll completes before it starts the timer: until here one more may start. */
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
