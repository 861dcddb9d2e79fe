/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs that a test runs the module's code on: the context of the code, calls to other CPUs,
 * NAPI instances and timers. The shims check contexts in programs that link cpus.c.
 */

#ifndef _CPUS_H
#define _CPUS_H

#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/smp.h>

/* Before each case: all CPUs are online, CPU 0 runs it, calls arrive at once. */
void cpus_start(void);

/* The case goes on as a process, or as a softirq. */
void cpus_process(void);
void cpus_softirq(void);

/* Let calls arrive that are under way. Return: their number. */
unsigned int cpus_let_calls_arrive(void);

/* Poll an instance that was scheduled on this CPU. Return: the poll's value for the kernel. */
int cpus_poll(unsigned int cpu, struct napi_struct *napi, int budget);

/* ns after which the pending timer expires; 0 if there is none. */
u64 cpus_timer(void);

/* The pending timer expires, on its CPU. */
void cpus_expire(void);

#endif
