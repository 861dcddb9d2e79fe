/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SPINLOCK_H
#define _SHIM_SPINLOCK_H

#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/types.h>

typedef struct {
	bool held;
} spinlock_t;

/* The step of another CPU at this moment, if the test sets one. */
extern void (*shim_at_mb)(void) __attribute__((weak));

static inline void smp_mb(void)
{
	/* TSan does not know fences; on x86 a locked instruction is one. */
	__atomic_fetch_add(&(int){ 0 }, 0, __ATOMIC_SEQ_CST);
	if (&shim_at_mb && shim_at_mb)
		shim_at_mb();
}

static inline bool spin_trylock(spinlock_t *lock)
{
	return !__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE);
}

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

static inline void spin_lock(spinlock_t *lock)
{
	while (!spin_trylock(lock))
		;
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

#endif
