/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plan: everything that the packet path needs to know, made from configuration, CPUs,
 * devices and load, and replaced as a whole (planner.h).
 */

#ifndef _FALCON_PLAN_H
#define _FALCON_PLAN_H

#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <uapi/linux/falcon.h>

#include "flow/packet.h"

struct falcon_plan {
	struct rcu_head		rcu;
	u32			generation;	/* differs from that of every plan before */
	u32			mode;		/* enum falcon_mode, not auto */
	/*
	 * 0 to steer; otherwise flows go back to the CPU that they arrive on, and this is
	 * the counter of the packets that stay.
	 */
	u16			standby;
	bool			ahead;		/* flows with priority need not come back, too */
	unsigned long		since;		/* jiffies since which every flow is looked at, */
	unsigned long		awake;		/* and every packet of it */
	bool			nic_split;	/* both for mode pipeline only */
	u32			gro_bypass;	/* 0, or the generation that began to */
	bool			lanes_capable;	/* this and what follows for mode lanes only */
	bool			host;
	bool			priority_auto;
	bool			watches_all;	/* every packet is looked at, though it is parked */
	bool			parked;		/* no flow may go into lanes for the moment */
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
		unsigned long	gre, ip_in_ip;
		unsigned long	none;		/* what comes through no tunnel */
	} known;		/* jiffies since which flows are told by these */
	struct cpumask		mask;
	unsigned int		count;
	u16			cpus[];		/* the CPUs of mask, ascending */
};

/* The plan; NULL while disabled. */
extern struct falcon_plan __rcu *falcon_plan;

/* Its generation, or 0: for those who need no more, and need it for each packet. */
extern u32 falcon_plan_number;

/* Since when (jiffies) every flow that is wrapped so is looked at. Context: BH. */
unsigned long falcon_plan_since(const struct falcon_plan *plan, const struct falcon_encap *encap);

/* Whether hooks are parked. Context: any. */
bool falcon_plan_parked(void);

/* The plan's gro_bypass. Context: process. */
u32 falcon_plan_gro_bypass(void);

/* Whether the plan has a CPU. Context: process. */
bool falcon_plan_wants(unsigned int cpu);

#endif /* _FALCON_PLAN_H */
