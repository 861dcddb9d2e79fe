/* SPDX-License-Identifier: GPL-2.0 */
/* The CPUs: which are online, how loaded each is, and whether the host is busy. */

#ifndef _FALCON_CPU_H
#define _FALCON_CPU_H

#include <linux/cpumask.h>
#include <linux/types.h>

struct falcon_cpu;
struct falcon_host_ops;

/**
 * falcon_cpus_init() - follow CPUs as they come and go
 * @ops: called when something changes
 *
 * Context: process. Return: 0 or an error.
 */
int falcon_cpus_init(const struct falcon_host_ops *ops);

/* Stop following CPUs. Context: process. */
void falcon_cpus_exit(void);

/**
 * falcon_cpus_usable() - find the CPUs of a set that packets may be steered to now
 * @configured: the set; an empty one stands for all CPUs that are not isolated
 * @usable: result: the CPUs that are online and not going offline
 *
 * Context: process.
 */
void falcon_cpus_usable(const struct cpumask *configured, struct cpumask *usable);

/* Start and stop sampling the load. Context: process, under the control mutex. */
void falcon_load_start(void);
void falcon_load_stop(void);

/* True if a CPU is above the configured load threshold. Context: any. */
bool falcon_load_above(unsigned int cpu);

/* Load of a CPU in percent; 0 while nothing is sampled. Context: any. */
unsigned int falcon_load_of(unsigned int cpu);

/*
 * State of all CPUs, indexed by CPU number, for policy/. The load, expected and above members
 * change at any time. Context: any.
 */
const struct falcon_cpu *falcon_cpus_state(void);

/* A flow was just given this CPU, whose measured load does not show it yet. Context: any. */
void falcon_cpu_expect(unsigned int cpu);

/* Mean load of the online CPUs in percent; 0 while nothing is sampled. Context: any. */
unsigned int falcon_load_host(void);

/* True if the host is so busy that falcon stands by. Context: any. */
bool falcon_load_busy(void);

#endif /* _FALCON_CPU_H */
