/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SPINLOCK_H
#define _SHIM_SPINLOCK_H

#include <linux/types.h>

typedef struct {
	bool held;
} spinlock_t;

/* TSan knows no fences; on x86 a locked instruction is one. */
#define smp_mb() ((void)__atomic_fetch_add(&(int){ 0 }, 0, __ATOMIC_SEQ_CST))

static inline bool spin_trylock(spinlock_t *lock)
{
	return !__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE);
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

#endif
