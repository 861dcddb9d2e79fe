/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tunnels whose packets falcon does not see: they come to no NIC in the open, because they are
 * encrypted there, or because they come from a device that is no NIC.
 */

#ifndef _FALCON_UNSEEN_H
#define _FALCON_UNSEEN_H

#include <linux/types.h>

/* Look for such tunnels from now on. Context: process, enabled. */
void falcon_unseen_start(void);

/* Stop that. Context: process, enabled; not under the plan mutex. */
void falcon_unseen_stop(void);

/*
 * Whether packets come through tunnels and, in mode lanes, none of them was seen at a NIC while all
 * packets were looked at. Known some seconds after it is so. Context: any.
 */
bool falcon_unseen(void);

#endif /* _FALCON_UNSEEN_H */
