/* SPDX-License-Identifier: GPL-2.0 */
/* Enabled or not, and in which mode: the steps from one to the other, in order. */

#ifndef _FALCON_CONTROL_H
#define _FALCON_CONTROL_H

#include <linux/netlink.h>
#include <linux/types.h>

struct falcon_config;
struct falcon_host_ops;

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

/**
 * falcon_configure() - put another configuration into effect
 * @change: turns the present configuration into the other one; an error refuses it
 * @data: for @change
 *
 * Nobody else changes the configuration between what @change gets and what takes effect. Another
 * mode brings the flows back first, as falcon_disable() does.
 *
 * Context: process. Return: 0 or what @change has said.
 */
int falcon_configure(int (*change)(struct falcon_config *config, void *data), void *data);

/*
 * While it is held, falcon is enabled or not, and in one mode: what is asked of several files
 * belongs together. Context: process; never under RTNL.
 */
void falcon_control_lock(void);
void falcon_control_unlock(void);

/*
 * Another number when the tables of flows may have been taken away, made anew, or exchanged for
 * those of another mode; never 0. Context: any.
 */
u32 falcon_control_tables(void);

/* What follows from CPUs, load and devices that change. */
extern const struct falcon_host_ops falcon_control_host_ops;

/* Nothing is under way any more. Context: process, disabled; no device comes any more. */
void falcon_control_exit(void);

/* Whether the hooks are attached. Context: any. */
bool falcon_enabled(void);

#endif /* _FALCON_CONTROL_H */
