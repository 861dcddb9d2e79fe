/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_COMPILER_H
#define _SHIM_COMPILER_H

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))

/* For sparse. */
#define __acquires(lock)
#define __releases(lock)

#define data_race(expression)	(expression)
#define likely(x)		(x)
#define unlikely(x)		(x)

#endif
