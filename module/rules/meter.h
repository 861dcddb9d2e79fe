/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The meter of a rule: it counts the packets of the rule's flows, and suspends the rule for a while
 * when there are too many per second.
 *
 * Packets begin a suspension. falcon_meter_look() ends it when it has lasted long enough. The owner
 * of the meter calls that function at once, and then after each window.
 */

#ifndef _FALCON_METER_H
#define _FALCON_METER_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/* Jiffies over which a rate is measured, and for which a rule above its rate is suspended. */
#define FALCON_METER_WINDOW	(HZ / 10)
#define FALCON_METER_SUSPENDED_FOR HZ

enum falcon_meter_suspend {
	FALCON_METER_FREE,
	FALCON_METER_SUSPENDED_NOW,	/* nobody has been told yet */
	FALCON_METER_SUSPENDED,
};

struct falcon_meter {
	atomic_t	in_window;	/* packets */
	unsigned long	window;		/* when it began, jiffies */
	unsigned int	state;		/* enum falcon_meter_suspend */
	unsigned long	suspended_at;	/* jiffies; this and the next: falcon_meter_look()'s */
	u64		suspensions;
};

/* What falcon_meter_look() finds of a suspension. */
enum falcon_meter_news {
	FALCON_METER_QUIET,	/* there is none */
	FALCON_METER_BEGINS,
	FALCON_METER_LASTS,
	FALCON_METER_ENDS,
};

/* Begin the first window. Context: any, before anybody else knows the meter. */
static inline void falcon_meter_init(struct falcon_meter *meter)
{
	*meter = (struct falcon_meter){ .window = jiffies };
}

/* True while the rule is suspended. Context: any. */
static inline bool falcon_meter_is_suspended(const struct falcon_meter *meter)
{
	return READ_ONCE(meter->state) != FALCON_METER_FREE;
}

/**
 * falcon_meter_count() - count packets of a rule's flows
 * @meter: the rule's
 * @rate: packets per second that the rule allows; 0: any number
 * @packets: number of packets
 *
 * Context: any. Return: true if this call has suspended the rule, so falcon_meter_look() must be
 * called.
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
	       cmpxchg(&meter->state, FALCON_METER_FREE, FALCON_METER_SUSPENDED_NOW) ==
	       FALCON_METER_FREE;
}

/*
 * End a suspension that has lasted long enough. Context: any, one at a time. Return: what it finds.
 */
enum falcon_meter_news falcon_meter_look(struct falcon_meter *meter);

#endif /* _FALCON_METER_H */
