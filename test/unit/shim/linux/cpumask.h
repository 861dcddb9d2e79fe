/* SPDX-License-Identifier: GPL-2.0 */
/* The test says on which CPU it is, and which one is offline. */
#ifndef _SHIM_CPUMASK_H
#define _SHIM_CPUMASK_H

#define SHIM_CPUS 4

extern unsigned int shim_cpu, shim_offline;

#define smp_processor_id()	shim_cpu
#define cpu_online(cpu)		((cpu) != shim_offline)

#endif
