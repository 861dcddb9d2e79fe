/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SCHED_CLOCK_H
#define _SHIM_SCHED_CLOCK_H

#include <linux/types.h>

extern u64 shim_clock;		/* ns */

#define local_clock() shim_clock

#endif
