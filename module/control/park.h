/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rest: while no flow is in lanes, the functions that only those take are given back to the
 * kernel, so that mice pay for one hook instead of all.
 */

#ifndef _FALCON_PARK_H
#define _FALCON_PARK_H

#include <linux/types.h>

/**
 * falcon_park_start() - rest from when nothing needs those functions
 * @settled: whether no flow is in lanes; called in process context
 *
 * Context: process, under the control mutex; all hooks are attached that can be.
 */
void falcon_park_start(bool (*settled)(void));

/*
 * No more of it; what rests is hooked again, unless all hooks are detached after this.
 * Context: process, under the control mutex, after falcon_park_start().
 */
void falcon_park_stop(bool wake);

/*
 * A flow is to go into lanes: hook those functions again, and then let it. Context: any but NMI.
 */
void falcon_park_end(void);

#endif /* _FALCON_PARK_H */
