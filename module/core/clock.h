/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clocks of 32 bits, such as jiffies in entries that must be small. An entry may be looked at after
 * any time.
 *
 * Pure: no kernel state; compiled into the unit tests as it is.
 */

#ifndef _FALCON_CLOCK_H
#define _FALCON_CLOCK_H

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/types.h>

/**
 * falcon_clock_is_ahead() - check whether a moment is yet to come
 * @due: the moment
 * @now: the clock
 * @most: how far ahead the moment was at most when it was noted; less than half the clock's range
 *
 * By the sign of the difference alone, a past moment would be ahead again during every other half
 * round of the clock. With @most it is ahead again only for the last @most of each round.
 *
 * Context: any. Return: true if the moment is yet to come.
 */
static inline bool falcon_clock_is_ahead(u32 due, u32 now, u32 most)
{
	u32 left = due - now;

	return left && left <= most;
}

/*
 * Milliseconds of @ticks at @hz ticks per second, or ~0U if 32 bits cannot hold them. Context: any.
 */
static inline u32 falcon_clock_ms(u64 ticks, u32 hz)
{
	u64 seconds = div_u64(ticks, hz);

	if (seconds >= ~0U / 1000)
		return ~0U;
	return seconds * 1000 + div_u64((ticks - seconds * hz) * 1000, hz);
}

#endif /* _FALCON_CLOCK_H */
