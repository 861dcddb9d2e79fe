/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rest: while no flow is in lanes, the functions that only those take are given back to the
 * kernel, so that mice pay for one hook instead of all.
 */

#ifndef _FALCON_REST_H
#define _FALCON_REST_H

#include <linux/types.h>

/**
 * falcon_rest_start() - rest from when nothing needs those functions
 * @settled: whether no flow is in lanes; called in process context
 *
 * Context: process, under the control mutex; all hooks are attached that can be.
 */
void falcon_rest_start(bool (*settled)(void));

/*
 * No more of it; what rests is hooked again, unless all hooks are detached after this.
 * Context: process, under the control mutex, after falcon_rest_start().
 */
void falcon_rest_stop(bool wake);

/*
 * A flow is to go into lanes: hook those functions again, and then let it. Context: any but NMI.
 */
void falcon_rest_end(void);

#endif /* _FALCON_REST_H */
