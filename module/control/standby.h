/* SPDX-License-Identifier: GPL-2.0 */
/* Why flows are not steered although falcon is enabled. */

#ifndef _FALCON_STANDBY_H
#define _FALCON_STANDBY_H

#include <linux/cpumask.h>

#define FALCON_STANDBY_TEXT 256

/**
 * falcon_standby_show() - what status-get tells
 * @cpus: result: CPUs in use
 * @reason: result, or NULL: why flows are not steered although falcon is enabled; empty when they
 *	are. FALCON_STANDBY_TEXT bytes
 *
 * Context: process.
 */
void falcon_standby_show(struct cpumask *cpus, char *reason);

#endif /* _FALCON_STANDBY_H */
