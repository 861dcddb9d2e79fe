/* SPDX-License-Identifier: GPL-2.0 */
/* Calls to other CPUs. They arrive at once, or never if the test says so. */
#ifndef _SHIM_SMP_H
#define _SHIM_SMP_H

#include <errno.h>
#include <linux/cpumask.h>

typedef struct {
	void (*func)(void *info);
	void *info;
} call_single_data_t;

#define INIT_CSD(csd, function, data) \
	((void)(*(csd) = (call_single_data_t){ .func = (function), .info = (data) }))

extern unsigned int shim_calls;		/* number of calls made */
extern bool shim_calls_arrive;

static inline int smp_call_function_single_async(unsigned int cpu, call_single_data_t *csd)
{
	unsigned int here = shim_cpu;

	if (!cpu_online(cpu))
		return -ENXIO;
	shim_calls++;
	if (!shim_calls_arrive)
		return 0;
	shim_cpu = cpu;
	csd->func(csd->info);
	shim_cpu = here;
	return 0;
}

#endif
