/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Detects tunnels whose packets falcon does not see: no NIC receives them in a readable form,
 * because they are encrypted there, or because they come from a device that is no NIC.
 */

#ifndef _FALCON_UNSEEN_H
#define _FALCON_UNSEEN_H

#include <linux/types.h>

/* Look for such tunnels from now on. Context: process, enabled. */
void falcon_unseen_start(void);

/* Stop looking. Context: process, enabled; not under the plan mutex. */
void falcon_unseen_stop(void);

/*
 * True if, in mode lanes, tunnels receive packets, and the ingress has seen none of them at a NIC
 * although it looked at every packet. It becomes true after some seconds. Context: any.
 */
bool falcon_unseen(void);

#endif /* _FALCON_UNSEEN_H */
