/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SCHED_CLOCK_H
#define _SHIM_SCHED_CLOCK_H

#include <linux/types.h>

/* The test defines it; ns. */
u64 local_clock(void);

#endif
