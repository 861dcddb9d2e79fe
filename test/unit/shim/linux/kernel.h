/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_KERNEL_H
#define _SHIM_KERNEL_H

#include_next <linux/kernel.h>

/* Like the kernel's, this one refuses to compare different types. */
#define min(x, y) ({					\
	__typeof__(x) _x = (x);				\
	__typeof__(y) _y = (y);				\
							\
	(void)(&_x == &_y);				\
	_x < _y ? _x : _y; })

#define max(x, y) ({					\
	__typeof__(x) _x = (x);				\
	__typeof__(y) _y = (y);				\
							\
	(void)(&_x == &_y);				\
	_x > _y ? _x : _y; })

#define min_t(type, x, y) min((type)(x), (type)(y))

#define clamp(x, low, high) min(max(x, low), high)

#define container_of(pointer, type, member)		\
	((type *)((char *)(pointer) - __builtin_offsetof(type, member)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

#define U32_MAX ((__u32)~0U)

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#endif
