/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clocks of 32 bits, such as jiffies in entries that must be small, that are looked at after any
 * time.
 *
 * Pure: no kernel state; compiled into the unit tests as it is.
 */

#ifndef _FALCON_CLOCK_H
#define _FALCON_CLOCK_H

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/types.h>

/**
 * falcon_clock_is_ahead() - whether a moment is yet to come
 * @due: the moment
 * @now: the clock
 * @most: how far ahead it was at most when it was noted; less than half of what the clock counts
 *
 * By the sign alone, what is past would be ahead again when the clock has come half round, for as
 * long. This way it is for @most at the end of each round, a moment for who has waited for that.
 *
 * Context: any.
 */
static inline bool falcon_clock_is_ahead(u32 due, u32 now, u32 most)
{
	u32 left = due - now;

	return left && left <= most;
}

/* Milliseconds of so many ticks, @hz of them a second, as far as 32 bits can tell. Context: any. */
static inline u32 falcon_clock_ms(u64 ticks, u32 hz)
{
	u64 seconds = div_u64(ticks, hz);

	if (seconds >= ~0U / 1000)
		return ~0U;
	return seconds * 1000 + div_u64((ticks - seconds * hz) * 1000, hz);
}

#endif /* _FALCON_CLOCK_H */
