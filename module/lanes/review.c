// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>

#include "core/plan.h"
#include "lanes/budget.h"
#include "lanes/flow_list.h"
#include "lanes/gate.h"
#include "lanes/handover.h"
#include "lanes/review.h"
#include "lanes/transition.h"

/* Time between two reviews of all flows. */
#define REVIEW_INTERVAL (HZ / 5)

/* The shortest time over which a flow's rate is measured. */
#define RATE_INTERVAL (HZ / 5)

static void review(struct work_struct *work);
static DECLARE_DELAYED_WORK(review_work, review);

static void balance(struct falcon_flow *flow, const struct falcon_plan *plan,
		    unsigned long elapsed)
{
	unsigned int cpu_share = falcon_affinity_measure(&flow->affinity, elapsed);

	if (flow->admission != FALCON_ADMISSION_OPEN || !flow->trial.over ||
	    !falcon_affinity_balance(&flow->affinity, plan, flow->home, cpu_share,
				     falcon_flow_is_merged(flow)))
		return;
	flow->turn %= flow->affinity.spread.count;
	falcon_transition_rotate(flow);
}

static void review_flow(struct falcon_flow *flow, const struct falcon_plan *plan)
{
	unsigned long elapsed;

	spin_lock(&flow->lock);
	falcon_backlog_refresh(&flow->path.astray);
	falcon_backlog_refresh(&flow->delivered);
	elapsed = jiffies - flow->rate_since;
	if (falcon_flow_is_unwanted(flow, plan)) {
		falcon_transition_demote(flow, FALCON_REASON_STANDBY);
	} else if (elapsed >= RATE_INTERVAL) {
		flow->rate = div_u64((flow->packets - flow->rate_packets) * HZ,
				     elapsed);
		flow->rate_packets = flow->packets;
		flow->rate_since = jiffies;
		if (falcon_flow_is_slow(flow, plan) ||
		    (!flow->rate && !flow->priority.rule))
			falcon_transition_demote(flow, FALCON_REASON_RATE);
		else if (falcon_flow_stays_home(flow, plan) != flow->affinity.home)
			falcon_transition_adapt(flow, plan, flow->home);
		else
			balance(flow, plan, elapsed);
	}
	falcon_handover_done(flow, plan);
}

void falcon_review_now(void)
{
	struct falcon_flow *flow = NULL;

	while ((flow = falcon_flow_list_next(flow))) {
		local_bh_disable();
		review_flow(flow, rcu_dereference_bh(falcon_plan));
		local_bh_enable();
	}
}

static void review(struct work_struct *work)
{
	falcon_review_now();
	/*
	 * The gate's poll does the work of CPUs that stand still, and packets schedule that poll.
	 * But a peer that waits for an answer from such a CPU sends no packet.
	 */
	falcon_gate_look();
	if (falcon_budget_flows())
		schedule_delayed_work(&review_work, REVIEW_INTERVAL);
}

void falcon_review_start(void)
{
	/* If the work runs right now and has just seen no flow, this queues it again. */
	schedule_delayed_work(&review_work, REVIEW_INTERVAL);
}

void falcon_review_stop(void)
{
	cancel_delayed_work_sync(&review_work);
}
