/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_REFCOUNT_H
#define _SHIM_REFCOUNT_H

#include <linux/bottom_half.h>

typedef struct {
	int refs;
} refcount_t;

static inline void refcount_inc(refcount_t *count)
{
	shim_assert(count->refs > 0);
	count->refs++;
}

static inline bool refcount_inc_not_zero(refcount_t *count)
{
	return count->refs && ++count->refs;
}

#endif
