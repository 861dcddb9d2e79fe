/* SPDX-License-Identifier: GPL-2.0 */
/* Timers; the test makes them expire. */
#ifndef _SHIM_HRTIMER_H
#define _SHIM_HRTIMER_H

#include <linux/types.h>

typedef u64 ktime_t;

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	u64 wait;			/* ns; 0: not started */
};

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
	timer->wait = wait;
}

static inline void hrtimer_cancel(struct hrtimer *timer)
{
	timer->wait = 0;
}

#endif
