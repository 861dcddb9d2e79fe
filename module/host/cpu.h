/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs: which are there, how loaded each is, and whether the host has time to spare.
 */

#ifndef _FALCON_CPU_H
#define _FALCON_CPU_H

#include <linux/cpumask.h>
#include <linux/types.h>

struct falcon_cpu;
struct falcon_host_ops;

/**
 * falcon_cpus_init() - follow CPUs as they come and go
 * @ops: whom to tell
 *
 * Context: process. Return: 0 or an error.
 */
int falcon_cpus_init(const struct falcon_host_ops *ops);

/* Stop that. Context: process. */
void falcon_cpus_exit(void);

/**
 * falcon_cpus_usable() - CPUs of a set that may be steered to now
 * @configured: the set; an empty one stands for all that are not isolated
 * @usable: result: those that are online and not on their way out
 *
 * Context: process.
 */
void falcon_cpus_usable(const struct cpumask *configured, struct cpumask *usable);

/* Start and stop sampling the load. Context: process, under the control mutex. */
void falcon_load_start(void);
void falcon_load_stop(void);

/* Whether a CPU's load has reached the configured threshold. Context: any. */
bool falcon_load_above(unsigned int cpu);

/* Load of a CPU in percent, 0 while not sampled. Context: any. */
unsigned int falcon_load_of(unsigned int cpu);

/*
 * What policies go by: each CPU, by its number. Load and above change at any time. Context: any.
 */
const struct falcon_cpu *falcon_cpus_state(void);

/* A flow comes to a CPU, whose load will show it. Context: any. */
void falcon_cpu_expect(unsigned int cpu);

/* Mean load of the online CPUs in percent, 0 while not sampled. Context: any. */
unsigned int falcon_load_host(void);

/* Whether the host is busy, so that falcon steps aside. Context: any. */
bool falcon_load_busy(void);

#endif /* _FALCON_CPU_H */
