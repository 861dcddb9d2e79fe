/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated host for policies: CPUs with other work, flows in lanes, and loads as the module
 * samples them. Time passes in steps of a sample (100 ms); flows are reviewed every other step.
 */

#ifndef _HOST_H
#define _HOST_H

#include <linux/types.h>

#include "policy/policy.h"

#define HOST_CPUS  128
#define HOST_FLOWS 128

struct host_flow {
	u32			hash;
	u16			home;
	double			nic;		/* percent of a CPU, at home */
	double			work;		/* percent of a CPU, over its workers */
	double			delivery;	/* percent of a CPU; several workers also deliver */
	struct falcon_spread	spread;
	unsigned int		share;		/* as the module measures it */
	unsigned int		since;		/* step of the last change */
	unsigned int		hold;		/* steps until the next change */
	unsigned int		changes;
};

struct host {
	u32			policy;
	unsigned int		workers;	/* of each flow; 0: the policy decides */
	unsigned int		threshold;
	unsigned int		cpus, count, flows;	/* all CPUs, those in the set */
	unsigned int		step;
	double			others[HOST_CPUS];	/* percent that others use */
	u16			set[HOST_CPUS];
	struct falcon_cpu	state[HOST_CPUS];
	struct host_flow	flow[HOST_FLOWS];
};

/* All CPUs are idle, in one cache domain, and in the set. */
void host_init(struct host *host, unsigned int cpus, u32 policy, unsigned int workers);

/* A flow starts and gets its first CPUs. */
struct host_flow *host_add(struct host *host, u32 hash, u16 home, double nic, double work);

/* Let @steps steps pass. */
void host_run(struct host *host, unsigned int steps);

/* Demand for a CPU, in percent. It may exceed 100, which is all that a CPU can do. */
double host_demand(const struct host *host, u16 cpu);

/* The highest demand of all CPUs. */
double host_busiest(const struct host *host);

/* Moves of all flows so far. */
unsigned int host_changes(const struct host *host);

#endif
