/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows that leave lanes and have nothing in flight: their home CPU lets them go, in the poll of
 * its gate. One that must wait for another CPU, or for a device's queue, is looked at again by
 * a timer: a CPU that looked in each poll would do nothing else while the other stands still.
 */

#ifndef _FALCON_RELEASE_H
#define _FALCON_RELEASE_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/types.h>

struct falcon_runner;
struct napi_struct;

/* Touched by the poll alone. */
struct falcon_releases {
	struct napi_struct	*gate;
	unsigned int		cpu;		/* their home */
	struct list_head	put_off;	/* flows that must wait */
	struct hrtimer		timer;		/* has the poll look at these again */
};

void falcon_releases_init(struct falcon_releases *releases, struct napi_struct *gate,
			  unsigned int cpu);

/* Context: process, after the gate was disabled. */
void falcon_releases_stop(struct falcon_releases *releases);

/* Whether there are flows that must wait, and no timer. */
static inline bool falcon_releases_due(struct falcon_releases *releases)
{
	return !list_empty(&releases->put_off) && !hrtimer_is_queued(&releases->timer);
}

/**
 * falcon_releases_go() - let flows go, and those that were put off, if it is time
 * @releases: this CPU's
 * @leaving: the flows; result: those that can go on in the next poll
 * @context: this CPU's
 *
 * Each flow has one go at most: those that must wait hold up none of the others.
 *
 * Context: softirq, the gate's poll before it is complete.
 */
void falcon_releases_go(struct falcon_releases *releases, struct list_head *leaving,
			struct falcon_runner *runner);

#endif /* _FALCON_RELEASE_H */
