/* SPDX-License-Identifier: GPL-2.0 */
/* Older kernels have no hrtimer_setup(): the timer's function is set after hrtimer_init(). */

#ifndef _FALCON_COMPAT_LINUX_HRTIMER_H
#define _FALCON_COMPAT_LINUX_HRTIMER_H

#include <kernel-has.h>
#include_next <linux/hrtimer.h>

#if !FALCON_HAS_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* _FALCON_COMPAT_LINUX_HRTIMER_H */
