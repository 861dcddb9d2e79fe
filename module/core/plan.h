/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan: everything that the packet path needs to know, made from configuration, CPUs, devices
 * and load. A plan never changes: control/planner.c replaces it as a whole, by RCU.
 */

#ifndef _FALCON_PLAN_H
#define _FALCON_PLAN_H

#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <uapi/linux/falcon.h>

#include "flow/packet.h"

struct falcon_plan {
	struct rcu_head		rcu;
	u32			generation;	/* no earlier plan has had the same */
	u32			mode;		/* enum falcon_mode, never auto */
	/*
	 * 0 while flows are steered. Otherwise flows go back to the CPU that they arrive on, and
	 * this is the counter (FALCON_A_COUNTERS_) for packets that stay.
	 */
	u16			standby;
	bool			ahead;		/* flows with priority need not come back */
	unsigned long		since;		/* jiffies since which every flow is looked at */
	unsigned long		awake;		/* jiffies since which every packet is */
	bool			nic_split;	/* this and the next: mode pipeline only */
	u32			gro_bypass;	/* 0, or generation that began to bypass */
	bool			lanes_capable;	/* up to @parked: mode lanes only */
	bool			host;
	bool			priority_auto;
	bool			watches_all;	/* every packet is looked at even if @parked */
	bool			parked;		/* no flow may go into lanes now */
	u32			policy;		/* enum falcon_policy */
	u32			workers;	/* 0: as many as a flow deserves */
	u32			batch;		/* packets */
	u32			elephant_rate;	/* packets per second */
	u32			elephant_window; /* packets in FALCON_PROMOTE_WINDOW */
	u32			delivery;	/* enum falcon_delivery */
	u32			coalesce;	/* nanoseconds */
	struct falcon_tunnels	tunnels;
	struct {
		unsigned long	port[FALCON_TUNNEL_PORTS];
		unsigned long	kind[FALCON_ENCAP_KINDS]; /* FALCON_ENCAP_NONE, too */
	} known;		/* jiffies since which falcon knows the flows of each */
	struct cpumask		mask;
	unsigned int		count;
	u16			cpus[];		/* the CPUs of mask, ascending */
};

/* The plan; NULL while falcon is disabled. */
extern struct falcon_plan __rcu *falcon_plan;

/* Its generation, or 0: for readers that need nothing else, and need it for each packet. */
extern u32 falcon_plan_number;

/* Since when (jiffies) every flow of an encapsulation is looked at. Context: BH. */
unsigned long falcon_plan_since(const struct falcon_plan *plan, const struct falcon_encap *encap);

/* True if hooks are parked. Context: any. */
bool falcon_plan_parked(void);

/* The plan's gro_bypass; 0 without a plan. Context: process. */
u32 falcon_plan_gro_bypass(void);

/* True if the plan has a CPU. Context: process. */
bool falcon_plan_wants(unsigned int cpu);

#endif /* _FALCON_PLAN_H */
