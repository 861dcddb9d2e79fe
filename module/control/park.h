/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parking: while no flow is in lanes, falcon gives those functions back to the kernel that only
 * packets in lanes need. So the packets of all other flows pay for one hook instead of all.
 */

#ifndef _FALCON_PARK_H
#define _FALCON_PARK_H

#include <linux/types.h>

/**
 * falcon_park_start() - park the hooks whenever no flow was in lanes for a time (config: park)
 * @settled: returns true if no flow is in lanes; called in process context
 *
 * Context: process, under the control mutex; falcon_hooks_attach() has succeeded.
 */
void falcon_park_start(bool (*settled)(void));

/*
 * Stop parking. @wake: attach parked hooks again; false if the caller detaches all hooks next.
 * Context: process, under the control mutex, after falcon_park_start().
 */
void falcon_park_stop(bool wake);

/*
 * A flow is due for promotion: have the work attach parked hooks again. A later packet of the flow
 * promotes it. Context: any but NMI.
 */
void falcon_park_end(void);

#endif /* _FALCON_PARK_H */
