/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host to try policies on: CPUs with work of others, flows in lanes, and the loads as the module
 * samples them. Time goes in steps of a sample (100 ms); flows are reviewed at every other one.
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
	double			delivery;	/* percent of a CPU; several workers do that, too */
	struct falcon_spread	spread;
	unsigned int		share;		/* as the module measures it */
	unsigned int		since;		/* step of the last change */
	unsigned int		hold;		/* steps until the next one */
	unsigned int		changes;
};

struct host {
	u32			policy;
	unsigned int		workers;	/* of each flow; 0: as many as it deserves */
	unsigned int		threshold;
	unsigned int		cpus, count, flows;	/* all CPUs, those in the set */
	unsigned int		step;
	double			others[HOST_CPUS];	/* percent that is not falcon's */
	u16			set[HOST_CPUS];
	struct falcon_cpu	state[HOST_CPUS];
	struct host_flow	flow[HOST_FLOWS];
};

/* All CPUs idle, in one cache domain, and all of them in the set. */
void host_init(struct host *host, unsigned int cpus, u32 policy, unsigned int workers);

/* A flow comes, and gets its first CPUs. */
struct host_flow *host_add(struct host *host, u32 hash, u16 home, double nic, double work);

/* So much time passes. */
void host_run(struct host *host, unsigned int steps);

/* What is asked of a CPU, in percent; it cannot do more than 100. */
double host_demand(const struct host *host, u16 cpu);

/* The most that is asked of any CPU. */
double host_busiest(const struct host *host);

/* Changes of all flows so far. */
unsigned int host_changes(const struct host *host);

#endif
