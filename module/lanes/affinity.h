/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPUs of one flow in lanes: which it has, what it takes of them, where its application is, and
 * when it gets others. What is better is policy.h's.
 */

#ifndef _FALCON_AFFINITY_H
#define _FALCON_AFFINITY_H

#include <linux/types.h>

#include "core/plan.h"
#include "policy/policy.h"

/* Under the lock of the flow. */
struct falcon_affinity {
	u32			hash;		/* constant: of the flow */
	u8			protocol;	/* constant: IPPROTO_ */
	bool			host;		/* constant: came through no tunnel */
	bool			home;		/* nowhere but on the CPU of the NIC's poll */
	bool			own;		/* delivered by spread.delivery, not a worker */
	struct falcon_spread	spread;		/* workers and delivery */
	unsigned long		since;		/* jiffies since which it is as it is */
	unsigned long		dwell;		/* jiffies for which load leaves it as it is */
	u64			work;		/* ns of workers since it was measured */
	unsigned int		cpu_share;	/* percent that it takes of each of them, a mean */
	u32			rxhash;		/* that its packets have, 0 for none */
	u16			app;		/* CPU on which its application received last */
	unsigned long		app_since;	/* jiffies */
};

void falcon_affinity_init(struct falcon_affinity *affinity, u32 hash, u8 protocol, bool host);

/*
 * Whether the flow is to be on the CPU of the NIC's poll from now on, and nowhere else.
 * Context: under the lock of the flow, before falcon_affinity_follow().
 */
void falcon_affinity_stay_home(struct falcon_affinity *affinity, bool home);

/**
 * falcon_affinity_follow() - the CPUs, by a plan or from an NIC's CPU that it has not seen yet
 * @placement: those that it has stay, as long as they are of the plan
 * @plan: the plan
 * @home: CPU of the NIC's poll
 *
 * Context: softirq, under the lock of the flow.
 * Return: false when there is none: the old ones stay, for what is in flight.
 */
bool falcon_affinity_follow(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			    u16 home);

/*
 * Where the flow's application is, and what the flow takes of its workers, at the end of an
 * interval of jiffies. Context: under the lock of the flow. Return: percent of each of them.
 */
unsigned int falcon_affinity_measure(struct falcon_affinity *affinity, unsigned long elapsed);

/**
 * falcon_affinity_balance() - other CPUs, or one more or less, when the load says so
 * @placement: those that it has
 * @plan: the plan
 * @home: CPU of the NIC's poll
 * @share: falcon_affinity_measure()'s
 * @merged: whether the flow may be on several CPUs at once
 *
 * Context: BH off, under the lock of the flow. Return: whether it was time to look.
 */
bool falcon_affinity_balance(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			     u16 home, unsigned int cpu_share, bool merged);

/* CPU on which the application has been for some time, or FALCON_NO_CPU. */
u16 falcon_affinity_app(const struct falcon_affinity *affinity);

#endif /* _FALCON_AFFINITY_H */
