/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes and frees all memory and NAPI instances of the packet path, for both modes: lanes, ingress,
 * bypass gates and flow table. Tells if the lanes are empty.
 */

#ifndef _FALCON_DATAPATH_H
#define _FALCON_DATAPATH_H

#include <linux/types.h>

/**
 * falcon_datapath_alloc() - make lanes, ingress, bypass gates and flow table
 * @wake: called in softirq when a flow is due for promotion while the hooks are parked
 *
 * Context: process, under the control mutex. Return: 0 or -ENOMEM.
 */
int falcon_datapath_alloc(void (*wake)(void));

/*
 * Free all of that. Packets of flows that have not left lanes in time are dropped, and their number
 * is logged. Context: process, under the control mutex; no hook is attached any more, and no packet
 * is in a replacement.
 */
void falcon_datapath_free(void);

/*
 * True if no flow is in lanes, and no packet waits before a bypass gate. Reviews the flows first,
 * which demotes those that must leave. Context: process, while allocated.
 */
bool falcon_datapath_settled(void);

/* For struct falcon_host_ops. */
void falcon_datapath_cpu_comes(unsigned int cpu);
void falcon_datapath_cpu_came(unsigned int cpu);

/* True if a CPU's lane is idle, or falcon is disabled. Context: process. */
bool falcon_datapath_has_left(u16 cpu);

#endif /* _FALCON_DATAPATH_H */
