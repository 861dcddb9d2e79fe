/* SPDX-License-Identifier: GPL-2.0 */
/* The test sets the current CPU, and the one that is offline. */
#ifndef _SHIM_CPUMASK_H
#define _SHIM_CPUMASK_H

#define SHIM_CPUS 4

extern unsigned int shim_cpu, shim_offline;

#define smp_processor_id()	shim_cpu
#define cpu_online(cpu)		((cpu) != shim_offline)

struct cpumask {
	unsigned long bits[1];
};

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < SHIM_CPUS; (cpu)++)

/* The mask is always the online mask. */
#define for_each_cpu_wrap(cpu, mask, first)						\
	for (unsigned int _n = 0; _n < SHIM_CPUS; _n++)					\
		if (cpu_online((cpu) = ((first) + _n) % SHIM_CPUS))

#endif
