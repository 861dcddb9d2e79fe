/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_BITOPS_H
#define _SHIM_BITOPS_H

#include <stdbool.h>

/* Like the kernel's, the word must not be 0. */
static inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static inline unsigned long __fls(unsigned long word)
{
	return 63 - __builtin_clzl(word);
}

#define BIT(bit) (1UL << (bit))

static inline bool test_bit(unsigned int bit, const unsigned long *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED) & BIT(bit);
}

static inline void set_bit(unsigned int bit, unsigned long *word)
{
	__atomic_fetch_or(word, BIT(bit), __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned int bit, unsigned long *word)
{
	__atomic_fetch_and(word, ~BIT(bit), __ATOMIC_RELAXED);
}

static inline bool test_and_set_bit_lock(unsigned int bit, unsigned long *word)
{
	return __atomic_fetch_or(word, BIT(bit), __ATOMIC_ACQUIRE) & BIT(bit);
}

static inline void clear_bit_unlock(unsigned int bit, unsigned long *word)
{
	__atomic_fetch_and(word, ~BIT(bit), __ATOMIC_RELEASE);
}

#endif
