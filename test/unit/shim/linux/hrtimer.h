/* SPDX-License-Identifier: GPL-2.0 */
/* Timers. The test makes the one that is pending expire (cpus.c). */
#ifndef _SHIM_HRTIMER_H
#define _SHIM_HRTIMER_H

#include <linux/bottom_half.h>
#include <linux/cpumask.h>
#include <linux/types.h>

typedef u64 ktime_t;

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	u64 wait;			/* ns; 0: not pending */
	unsigned int cpu;		/* on which it expires */
};

extern struct hrtimer *shim_timer;	/* that is pending, or NULL */

#define CLOCK_MONOTONIC		1
#define HRTIMER_MODE_REL_PINNED	2
#define NSEC_PER_USEC		1000U
#define NSEC_PER_MSEC		1000000U
#define ns_to_ktime(ns)		(ns)

static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *timer),
				 int clock, int mode)
{
	timer->function = function;
	timer->wait = 0;
}

static inline void hrtimer_start(struct hrtimer *timer, ktime_t wait, int mode)
{
	/* No test needs two at a time. */
	shim_assert(!shim_timer || shim_timer == timer);
	shim_timer = timer;
	timer->wait = wait;
	timer->cpu = smp_processor_id();
}

static inline bool hrtimer_is_queued(struct hrtimer *timer)
{
	return timer->wait;
}

static inline void hrtimer_cancel(struct hrtimer *timer)
{
	timer->wait = 0;
	if (shim_timer == timer)
		shim_timer = NULL;
}

#endif
