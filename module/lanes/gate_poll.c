// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>

#include "lanes/flow.h"
#include "lanes/gate.h"
#include "lanes/gate_poll.h"
#include "lanes/handover.h"
#include "lanes/lane.h"
#include "lanes/transit.h"

/* Time between two looks for lanes whose CPUs stand still. */
#define HELP_NS NSEC_PER_MSEC

/* Let flows in whose queues have drained. Returns true if the gate is still shut for some flow. */
static bool look_at_gates(struct falcon_gate *gate)
{
	struct falcon_flow *flow;

	while ((flow = falcon_gate_next(gate)))
		falcon_transit_open(flow);
	return falcon_gate_has_gated(gate);
}

static void let_go(struct falcon_gate_poll *poll)
{
	LIST_HEAD(leaving);

	if (!falcon_gate_take_released(poll->gate, &leaving) &&
	    !falcon_releases_due(&poll->releases))
		return;
	falcon_releases_go(&poll->releases, &leaving, &poll->runner);
	if (!list_empty(&leaving))
		falcon_gate_give_released(poll->gate, &leaving);
}

/* Do the work of lanes whose CPUs stand still. Returns true if some was done: there may be more. */
static bool help(struct falcon_gate_poll *poll)
{
	u64 now = local_clock();

	if (now - poll->helped < HELP_NS)
		return false;
	if (unlikely(falcon_lanes_help()))
		return true;
	poll->helped = now;
	return false;
}

int falcon_gate_poll_run(struct napi_struct *napi, int budget)
{
	struct falcon_gate *gate = container_of(napi, struct falcon_gate, napi);
	struct falcon_gate_poll *poll = gate->poll;
	bool again;

	/*
	 * This CPU polls for one that was offline and comes back. Only that CPU may touch its bins
	 * then. It polls when it is there, at the latest by falcon_gate_cpu_came().
	 */
	if (unlikely(falcon_gate_is_foreign(gate))) {
		WRITE_ONCE(gate->homing, true);
		if (napi_complete_done(napi, 0) && !READ_ONCE(gate->coming))
			falcon_gate_go_home(gate);
		return 0;
	}

	falcon_bins_empty(&poll->bins, &poll->runner);
	again = help(poll);
	again |= look_at_gates(gate);
	let_go(poll);
	falcon_strays_receive(&poll->bins.strays, &poll->runner);
	falcon_gate_count(gate);

	napi_complete_done(napi, 0);
	if (again)
		napi_schedule(napi);
	return 0;
}

void falcon_gate_poll_init(struct falcon_gate_poll *poll, struct falcon_gate *gate,
			   struct net_device *dummy)
{
	poll->gate = gate;
	gate->poll = poll;
	falcon_runner_init(&poll->runner, dummy);
	falcon_releases_init(&poll->releases, &gate->napi, gate->cpu);
}

unsigned int falcon_gate_poll_stop(struct falcon_gate_poll *poll)
{
	unsigned int dropped;

	falcon_releases_stop(&poll->releases);
	/* A gate whose CPU had just come back was polled elsewhere, and handed nothing over. */
	local_bh_disable();
	dropped = falcon_bins_drop(&poll->bins);
	local_bh_enable();
	return dropped;
}

unsigned int falcon_gate_poll_drop(struct falcon_gate_poll *poll)
{
	struct falcon_flow *flow, *next;
	unsigned int dropped = 0;
	LIST_HEAD(left);

	local_bh_disable();
	falcon_gate_take_released(poll->gate, &left);
	local_bh_enable();
	list_splice_init(&poll->releases.put_off, &left);
	list_for_each_entry_safe(flow, next, &left, gate_node)
		dropped += falcon_handover_drop(flow);
	return dropped;
}

void falcon_gate_poll_exit(struct falcon_gate_poll *poll)
{
	falcon_runner_exit(&poll->runner);
}
