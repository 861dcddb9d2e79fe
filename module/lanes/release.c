// SPDX-License-Identifier: GPL-2.0

#include <linux/cpumask.h>
#include <linux/netdevice.h>

#include "lanes/doorbell.h"
#include "lanes/elephant.h"
#include "lanes/ladder.h"
#include "lanes/release.h"
#include "lanes/roster.h"

/* Between two looks at flows that must wait: some percent of what this CPU has. */
#define LOOK_NS (100 * NSEC_PER_USEC)

/* As a CPU that goes takes its timers elsewhere, the doorbell is answered there. */
static enum hrtimer_restart ring_again(struct hrtimer *timer)
{
	struct falcon_releases *releases = container_of(timer, struct falcon_releases, timer);

	napi_schedule(releases->doorbell);
	return HRTIMER_NORESTART;
}

void falcon_releases_init(struct falcon_releases *releases, struct napi_struct *doorbell,
			  unsigned int cpu)
{
	releases->doorbell = doorbell;
	releases->cpu = cpu;
	INIT_LIST_HEAD(&releases->put_off);
	hrtimer_setup(&releases->timer, ring_again, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED);
}

void falcon_releases_stop(struct falcon_releases *releases)
{
	hrtimer_cancel(&releases->timer);
}

/* A flow that is in no list. Returns whether more of it can go in the next poll. */
static bool let_go(struct falcon_releases *releases, struct falcon_elephant *elephant,
		   struct falcon_context *context)
{
	u16 home = READ_ONCE(elephant->home);

	/* Its packets come to another CPU by now. */
	if (home != releases->cpu && cpu_online(home)) {
		falcon_doorbell_release(home, elephant);
		return false;
	}
	switch (falcon_elephant_release(elephant, context)) {
	case FALCON_RELEASE_LEFT:
		falcon_ladder_remove(elephant);
		break;
	case FALCON_RELEASE_EMPTIED:
		falcon_roster_put(elephant);
		break;
	case FALCON_RELEASE_WAITS:
		list_add_tail(&elephant->gate_node, &releases->put_off);
		break;
	case FALCON_RELEASE_MORE:
		return true;
	}
	return false;
}

void falcon_releases_go(struct falcon_releases *releases, struct list_head *leaving,
			struct falcon_context *context)
{
	struct falcon_elephant *elephant;
	bool more = false;

	if (falcon_releases_due(releases))
		list_splice_init(&releases->put_off, leaving);
	while (!more && !list_empty(leaving)) {
		elephant = list_first_entry(leaving, struct falcon_elephant, gate_node);
		list_del_init(&elephant->gate_node);
		more = let_go(releases, elephant, context);
		if (more)
			list_add_tail(&elephant->gate_node, leaving);
	}
	if (falcon_releases_due(releases))
		hrtimer_start(&releases->timer, ns_to_ktime(LOOK_NS), HRTIMER_MODE_REL_PINNED);
}
