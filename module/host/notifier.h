/* SPDX-License-Identifier: GPL-2.0 */
/* The netdevice notifier: follows the devices of every network namespace. */

#ifndef _FALCON_NOTIFIER_H
#define _FALCON_NOTIFIER_H

struct falcon_host_ops;

/**
 * falcon_devices_init() - find all devices and follow them
 * @ops: called when something changes
 *
 * Context: process, may sleep. Return: 0 or an error.
 */
int falcon_devices_init(const struct falcon_host_ops *ops);

/*
 * Stop following devices. All of them leave the table, and only device_gone() is called for them.
 * Context: process, may sleep.
 */
void falcon_devices_stop(void);

/* Free the tables. Context: process, may sleep. No packet path runs any more. */
void falcon_devices_exit(void);

#endif /* _FALCON_NOTIFIER_H */
