/* SPDX-License-Identifier: GPL-2.0 */
/* The test's clock. */
#ifndef _SHIM_JIFFIES_H
#define _SHIM_JIFFIES_H

#define HZ 250

extern unsigned long jiffies;

#define time_before(a, b)	((long)((a) - (b)) < 0)
#define time_after(a, b)	time_before(b, a)
#define time_after_eq(a, b)	(!time_before(a, b))

#endif
