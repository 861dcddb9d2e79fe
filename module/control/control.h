/* SPDX-License-Identifier: GPL-2.0 */
/* Enables and disables falcon, and changes its mode: the steps, in the order that is safe. */

#ifndef _FALCON_CONTROL_H
#define _FALCON_CONTROL_H

#include <linux/netlink.h>
#include <linux/types.h>

struct falcon_config;
struct falcon_host_ops;

/**
 * falcon_enable() - attach the hooks and begin to steer
 * @extack: receives the reason if falcon refuses
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
 * falcon_configure() - put a new configuration into effect
 * @change: turns the present configuration into the new one; an error refuses it
 * @data: for @change
 *
 * Requests exclude each other from the call of @change until its result is in effect. A change of
 * mode brings the flows back first, as falcon_disable() does.
 *
 * Context: process. Return: 0 or the error of @change.
 */
int falcon_configure(int (*change)(struct falcon_config *config, void *data), void *data);

/*
 * Hold off enabling, disabling and changes of configuration, in order to read state of several
 * files that belongs together. Context: process; never under RTNL.
 */
void falcon_control_lock(void);
void falcon_control_unlock(void);

/*
 * A number that changes when the tables of flows are made, freed, or exchanged for those of another
 * mode; never 0. Context: any.
 */
u32 falcon_control_tables(void);

/* Called when CPUs, load or devices change. */
extern const struct falcon_host_ops falcon_control_host_ops;

/* Wait for deferred work. Context: process, disabled; the device notifier is gone. */
void falcon_control_exit(void);

/* True if there is a plan. As long as there is one, hooks are attached or parked. Context: any. */
bool falcon_enabled(void);

#endif /* _FALCON_CONTROL_H */
