/* SPDX-License-Identifier: GPL-2.0 */
/* The counts of a CPU's backlog. */
#ifndef _SHIM_NETDEVICE_H
#define _SHIM_NETDEVICE_H

#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/types.h>

struct softnet_data {
	u32	input_queue_head;
	u32	input_queue_tail;
};

extern struct softnet_data softnet_data[SHIM_CPUS];

#define per_cpu(variable, cpu)	((variable)[cpu])
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)

#endif
