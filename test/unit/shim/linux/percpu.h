/* SPDX-License-Identifier: GPL-2.0 */
/* A member for each CPU; the test sets the current one. Allocations are not counted. */
#ifndef _SHIM_PERCPU_H
#define _SHIM_PERCPU_H

#include <stdlib.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/types.h>

#define __percpu

#define DECLARE_PER_CPU(type, name)	extern __typeof__(type) name[SHIM_CPUS]
#define DEFINE_PER_CPU(type, name)	__typeof__(type) name[SHIM_CPUS]
#define per_cpu(variable, cpu)		((variable)[cpu])
#define this_cpu_read(variable)		((variable)[smp_processor_id()])
#define this_cpu_inc(variable)		((void)0)
#define this_cpu_add(variable, value)	((void)(value))

/* Distance from one CPU's copy to the next one's; an allocation must not be larger. */
#define SHIM_PERCPU			(1UL << 16)

#define shim_of_cpu(pointer, cpu) \
	((__typeof__(pointer))((char *)(pointer) + (cpu) * SHIM_PERCPU))
#define alloc_percpu(type) ({						\
	_Static_assert(sizeof(type) <= SHIM_PERCPU, #type);		\
	(type *)calloc(SHIM_CPUS, SHIM_PERCPU); })
#define free_percpu(pointer)		free(pointer)
#define per_cpu_ptr(pointer, cpu)	shim_of_cpu(pointer, cpu)
#define this_cpu_ptr(pointer)		shim_of_cpu(pointer, smp_processor_id())
#define __this_cpu_read(member)		(*shim_of_cpu(&(member), smp_processor_id()))
#define __this_cpu_write(member, value)	((void)(__this_cpu_read(member) = (value)))

#endif
