/* SPDX-License-Identifier: GPL-2.0 */
/* The netdevice notifier: devices of every network namespace come, change and go. */

#ifndef _FALCON_NOTIFIER_H
#define _FALCON_NOTIFIER_H

struct falcon_host_ops;

/**
 * falcon_devices_init() - find all devices and follow them
 * @ops: whom to tell
 *
 * Context: process, may sleep. Return: 0 or an error.
 */
int falcon_devices_init(const struct falcon_host_ops *ops);

/* Follow them no more: nobody is told of their end. Context: process, may sleep. */
void falcon_devices_stop(void);

/* Forget all devices. Context: process, may sleep; no packet path may run any more. */
void falcon_devices_exit(void);

#endif /* _FALCON_NOTIFIER_H */
