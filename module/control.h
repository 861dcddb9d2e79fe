/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Enabled or not, and the plan: everything that the packet path needs to know, made from
 * configuration, CPUs, devices and load, and replaced as a whole.
 */

#ifndef _FALCON_CONTROL_H
#define _FALCON_CONTROL_H

#include <linux/cpumask.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>

#include "packet.h"

struct falcon_plan {
	struct rcu_head		rcu;
	u32			generation;	/* differs from that of every plan before */
	/*
	 * 0 to steer; otherwise flows go back to the CPU that they arrive on, and this is
	 * the counter of the packets that stay.
	 */
	u16			hold;
	bool			nic_split;
	bool			cell_bypass;
	struct falcon_tunnels	tunnels;
	struct cpumask		mask;
	unsigned int		count;
	u16			cpus[];		/* the CPUs of mask, ascending */
};

/* The plan; NULL while disabled. */
extern struct falcon_plan __rcu *falcon_plan;

/**
 * falcon_enable() - attach the hooks and steer
 * @extack: gets the reason of a refusal
 *
 * Context: process. Return: 0, -EALREADY, -EOPNOTSUPP, -ENOMEM, or as falcon_hooks_attach().
 */
int falcon_enable(struct netlink_ext_ack *extack);

/**
 * falcon_disable() - bring the flows back, then detach the hooks
 * Context: process. Return: 0 or -EALREADY.
 */
int falcon_disable(void);

/* Whether the hooks are attached. Context: any. */
bool falcon_enabled(void);

/*
 * The plan mutex is taken under RTNL and in CPU hotplug callbacks, so nothing that waits for
 * either may be done under it. falcon_replan() is all three in one.
 */
void falcon_plan_lock(void);
void falcon_plan_update(void);
void falcon_plan_unlock(void);
void falcon_replan(void);

/* Whether the plan has a CPU. Context: process. */
bool falcon_plan_wants(unsigned int cpu);

/**
 * falcon_plan_show() - what status-get tells
 * @cpus: result: CPUs in use
 * @reason: result: why nothing is steered although falcon is enabled, or NULL
 *
 * Context: process.
 */
void falcon_plan_show(struct cpumask *cpus, const char **reason);

#endif /* _FALCON_CONTROL_H */
