// SPDX-License-Identifier: GPL-2.0

#include <linux/cpumask.h>
#include <linux/netdevice.h>

#include "lanes/flow_list.h"
#include "lanes/gate.h"
#include "lanes/promote.h"
#include "lanes/release.h"
#include "lanes/transit.h"

/* Time between two looks at flows that must wait: these cost some percent of this CPU's time. */
#define LOOK_NS (100 * NSEC_PER_USEC)

/* When this CPU goes offline its timers move to another CPU, which then polls the gate. */
static enum hrtimer_restart schedule_poll(struct hrtimer *timer)
{
	struct falcon_releases *releases = container_of(timer, struct falcon_releases, timer);

	napi_schedule(releases->gate);
	return HRTIMER_NORESTART;
}

void falcon_releases_init(struct falcon_releases *releases, struct napi_struct *gate,
			  unsigned int cpu)
{
	releases->gate = gate;
	releases->cpu = cpu;
	INIT_LIST_HEAD(&releases->put_off);
	hrtimer_setup(&releases->timer, schedule_poll, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
}

void falcon_releases_stop(struct falcon_releases *releases)
{
	hrtimer_cancel(&releases->timer);
}

/* Release a flow that is in no list. Returns true if the next poll can go on with the flow. */
static bool let_go(struct falcon_releases *releases, struct falcon_flow *flow,
		   struct falcon_runner *runner)
{
	u16 home = READ_ONCE(flow->home);

	/* Its packets arrive on another CPU by now, which has to release it. */
	if (home != releases->cpu && cpu_online(home)) {
		falcon_gate_release(home, flow);
		return false;
	}
	switch (falcon_transit_release(flow, runner)) {
	case FALCON_RELEASE_LEFT:
		falcon_promote_leave(flow);
		break;
	case FALCON_RELEASE_EMPTIED:
		falcon_flow_put(flow);
		break;
	case FALCON_RELEASE_WAITS:
		list_add_tail(&flow->gate_node, &releases->put_off);
		break;
	case FALCON_RELEASE_MORE:
		return true;
	}
	return false;
}

void falcon_releases_go(struct falcon_releases *releases, struct list_head *leaving,
			struct falcon_runner *runner)
{
	struct falcon_flow *flow;
	bool more = false;

	if (falcon_releases_due(releases))
		list_splice_init(&releases->put_off, leaving);
	while (!more && !list_empty(leaving)) {
		flow = list_first_entry(leaving, struct falcon_flow, gate_node);
		list_del_init(&flow->gate_node);
		more = let_go(releases, flow, runner);
		if (more)
			list_add_tail(&flow->gate_node, leaving);
	}
	if (falcon_releases_due(releases))
		hrtimer_start(&releases->timer, ns_to_ktime(LOOK_NS), HRTIMER_MODE_REL_PINNED);
}
