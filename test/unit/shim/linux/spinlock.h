/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SPINLOCK_H
#define _SHIM_SPINLOCK_H

#include <linux/bottom_half.h>
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

/* Like the kernel's, it first looks: a lock that is held costs no barrier. */
static inline bool spin_trylock(spinlock_t *lock)
{
	shim_assert_bh_off();
	return !__atomic_load_n(&lock->held, __ATOMIC_RELAXED) &&
	       !__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE);
}

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

/* For programs of one thread: waiting would never end. */
static inline void spin_lock(spinlock_t *lock)
{
	shim_assert(spin_trylock(lock));
}

static inline void spin_unlock(spinlock_t *lock)
{
	shim_assert_bh_off();
	shim_assert(__atomic_load_n(&lock->held, __ATOMIC_RELAXED));
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

#endif
