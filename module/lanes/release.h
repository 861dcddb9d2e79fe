/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The release, the last step of a demotion. A flow that leaves lanes has nothing in flight any
 * more, and the poll of its home's gate releases it. If the flow must wait for another CPU, or for
 * a device's queue, a timer has the poll look again: a poll that scheduled itself would keep this
 * CPU busy for as long as the other one stands still.
 */

#ifndef _FALCON_RELEASE_H
#define _FALCON_RELEASE_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/types.h>

struct falcon_runner;
struct napi_struct;

/* The releases of one CPU. Touched by the gate's poll alone. */
struct falcon_releases {
	struct napi_struct	*gate;
	unsigned int		cpu;		/* home of the flows */
	struct list_head	put_off;	/* flows that must wait */
	struct hrtimer		timer;		/* schedules the poll for these flows */
};

void falcon_releases_init(struct falcon_releases *releases, struct napi_struct *gate,
			  unsigned int cpu);

/* Context: process, after the gate was disabled. */
void falcon_releases_stop(struct falcon_releases *releases);

/* True if flows were put off and no timer is pending for them. */
static inline bool falcon_releases_due(struct falcon_releases *releases)
{
	return !list_empty(&releases->put_off) && !hrtimer_is_queued(&releases->timer);
}

/**
 * falcon_releases_go() - release flows, and when it is time, flows that were put off
 * @releases: this CPU's
 * @leaving: flows to release; result: flows that can go on in the next poll
 * @runner: this CPU's
 *
 * Each flow is tried once at most, so a flow that must wait delays no other.
 *
 * Context: softirq, the gate's poll before it is complete.
 */
void falcon_releases_go(struct falcon_releases *releases, struct list_head *leaving,
			struct falcon_runner *runner);

#endif /* _FALCON_RELEASE_H */
