/* SPDX-License-Identifier: GPL-2.0 */
/* Calls to other CPUs (cpus.c). They arrive at once, or when the test says so. */
#ifndef _SHIM_SMP_H
#define _SHIM_SMP_H

#include <errno.h>
#include <linux/cpumask.h>

typedef struct {
	void (*func)(void *info);
	void *info;
	unsigned int cpu;
	bool busy;		/* under way */
} call_single_data_t;

#define INIT_CSD(csd, function, data) \
	((void)(*(csd) = (call_single_data_t){ .func = (function), .info = (data) }))

extern unsigned int shim_calls;		/* number of calls made */
extern bool shim_calls_arrive;		/* at once */

int smp_call_function_single_async(unsigned int cpu, call_single_data_t *csd);

#endif
