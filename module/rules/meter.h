/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The meter of a rule: how many packets per second its flows bring, and for how long the rule is
 * barred when they bring too many.
 *
 * Packets begin a bar. It ends when falcon_meter_look() finds that it has lasted long enough; who
 * owns the meters calls that, at once and then after each window.
 */

#ifndef _FALCON_METER_H
#define _FALCON_METER_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/* A rate is that of so many jiffies; a rule that is above it is barred for so many. */
#define FALCON_METER_WINDOW	(HZ / 10)
#define FALCON_METER_SUSPENDED_FOR HZ

enum falcon_meter_suspend {
	FALCON_METER_FREE,
	FALCON_METER_SUSPENDED_NOW,	/* nobody was told yet */
	FALCON_METER_SUSPENDED,
};

struct falcon_meter {
	atomic_t	in_window;	/* packets */
	unsigned long	window;		/* jiffies of its begin */
	unsigned int	bar;		/* enum falcon_meter_suspend */
	unsigned long	barred_at;	/* jiffies; falcon_meter_look()'s, as what follows */
	u64		suspensions;
};

/* What falcon_meter_look() sees of a bar. */
enum falcon_meter_news {
	FALCON_METER_QUIET,	/* there is none */
	FALCON_METER_BEGINS,
	FALCON_METER_LASTS,
	FALCON_METER_ENDS,
};

/* Its first window begins. Context: any, before anybody else knows the meter. */
static inline void falcon_meter_init(struct falcon_meter *meter)
{
	*meter = (struct falcon_meter){ .window = jiffies };
}

/* Context: any. */
static inline bool falcon_meter_is_suspended(const struct falcon_meter *meter)
{
	return READ_ONCE(meter->bar) != FALCON_METER_FREE;
}

/**
 * falcon_meter_count() - packets of the rule's flows
 * @meter: the rule's
 * @rate: packets per second that the rule allows, 0 for any number
 * @packets: so many
 *
 * Context: any. Return: whether the rule is barred from now on, so that it is time for
 * falcon_meter_look().
 */
static inline bool falcon_meter_count(struct falcon_meter *meter, u32 rate, unsigned int packets)
{
	unsigned long window = READ_ONCE(meter->window);

	if (!rate)
		return false;
	if (jiffies - window >= FALCON_METER_WINDOW &&
	    cmpxchg(&meter->window, window, jiffies) == window)
		atomic_set(&meter->in_window, 0);
	return (u64)atomic_add_return(packets, &meter->in_window) * HZ >
	       (u64)rate * FALCON_METER_WINDOW &&
	       cmpxchg(&meter->bar, FALCON_METER_FREE, FALCON_METER_SUSPENDED_NOW) ==
	       FALCON_METER_FREE;
}

/* Ends a bar that has lasted long enough. Context: any, one at a time. Return: what of the bar. */
enum falcon_meter_news falcon_meter_look(struct falcon_meter *meter);

#endif /* _FALCON_METER_H */
