/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs of one flow in lanes, the time that it takes of them, the CPU of its application, and
 * the moment when the flow gets other CPUs. policy.h decides which CPUs are better.
 */

#ifndef _FALCON_AFFINITY_H
#define _FALCON_AFFINITY_H

#include <linux/types.h>

#include "core/plan.h"
#include "policy/policy.h"

/* The flow's lock protects it. */
struct falcon_affinity {
	u32			hash;		/* constant: of the flow */
	u8			protocol;	/* constant: IPPROTO_ */
	bool			host;		/* constant: came through no tunnel */
	bool			home;		/* only the CPU of the NIC's poll has it */
	bool			own;		/* spread.delivery delivers it, not a worker */
	struct falcon_spread	spread;		/* workers and delivery CPU */
	unsigned long		since;		/* jiffies of the last change of CPUs */
	unsigned long		dwell;		/* jiffies from then in which load changes none */
	u64			work;		/* ns of its workers' time since it was measured */
	unsigned int		cpu_share;	/* mean percent that it takes of each worker */
	u32			rxhash;		/* of its packets, 0 for none */
	u16			app;		/* CPU on which its application received last */
	unsigned long		app_since;	/* jiffies when that CPU was first seen */
};

void falcon_affinity_init(struct falcon_affinity *affinity, u32 hash, u8 protocol, bool host);

/*
 * @home: confine the flow to the CPU of the NIC's poll; otherwise let it have workers.
 * Context: under the flow's lock, before falcon_affinity_follow().
 */
void falcon_affinity_stay_home(struct falcon_affinity *affinity, bool home);

/**
 * falcon_affinity_follow() - choose CPUs for a new plan, or a new CPU of the NIC's poll
 * @affinity: its CPUs stay as far as the plan has them
 * @plan: the plan
 * @home: CPU of the NIC's poll
 *
 * Context: softirq, under the flow's lock.
 * Return: false if there is no CPU for it: the old ones stay, for packets in flight.
 */
bool falcon_affinity_follow(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			    u16 home);

/*
 * Note where the flow's application is, and how much of its workers' time the flow took in the
 * interval of @elapsed jiffies that ends now. Context: under the flow's lock.
 * Return: percent of each worker.
 */
unsigned int falcon_affinity_measure(struct falcon_affinity *affinity, unsigned long elapsed);

/**
 * falcon_affinity_balance() - take other CPUs, or one more or less, if the load calls for it
 * @affinity: the CPUs that it has
 * @plan: the plan
 * @home: CPU of the NIC's poll
 * @cpu_share: from falcon_affinity_measure()
 * @merged: several CPUs may have runs of the flow at once
 *
 * Context: BH off, under the flow's lock.
 * Return: true if a change was due to be considered; the CPUs may be the same all the same.
 */
bool falcon_affinity_balance(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			     u16 home, unsigned int cpu_share, bool merged);

/* The CPU on which the application has been for some time, or FALCON_NO_CPU. */
u16 falcon_affinity_app(const struct falcon_affinity *affinity);

#endif /* _FALCON_AFFINITY_H */
