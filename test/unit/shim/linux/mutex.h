/* SPDX-License-Identifier: GPL-2.0 */
/* For programs of one thread: a mutex that is held is never given back by another. */
#ifndef _SHIM_MUTEX_H
#define _SHIM_MUTEX_H

#include <stdbool.h>
#include <linux/bottom_half.h>

struct mutex {
	bool held;
};

#define DEFINE_MUTEX(name) struct mutex name

static inline void mutex_lock(struct mutex *mutex)
{
	shim_assert_may_sleep();
	shim_assert(!mutex->held);
	mutex->held = true;
}

static inline void mutex_unlock(struct mutex *mutex)
{
	shim_assert(mutex->held);
	mutex->held = false;
}

#endif
