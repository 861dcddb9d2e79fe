/* SPDX-License-Identifier: GPL-2.0 */
/* The life of mode lanes: what it has memory for, who polls, and whether all is done. */

#ifndef _FALCON_DATAPATH_H
#define _FALCON_DATAPATH_H

#include <linux/types.h>

/**
 * falcon_datapath_alloc() - the table, the lanes and the ingress
 * @wake: called when a flow is to go into lanes and may not as the plan is parked; in softirq
 *
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_datapath_alloc(void (*wake)(void));

/*
 * Take it all away. Packets that could not be brought down are dropped, and it is said how
 * many. Context: process, under the control mutex; no hook is attached any more, and no
 * packet in a replacement.
 */
void falcon_datapath_free(void);

/*
 * Whether no flow is in lanes; those that are to leave are told to. Context: process, while
 * allocated.
 */
bool falcon_datapath_settled(void);

/* Whether the lane of a CPU has nothing to do. Context: process. */
bool falcon_datapath_has_left(u16 cpu);

#endif /* _FALCON_DATAPATH_H */
