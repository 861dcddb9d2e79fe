/* SPDX-License-Identifier: GPL-2.0 */
/* The reason why flows are not steered although falcon is enabled. */

#ifndef _FALCON_STANDBY_H
#define _FALCON_STANDBY_H

#include <linux/cpumask.h>

#define FALCON_STANDBY_TEXT 256

/**
 * falcon_standby_show() - the CPUs in use and the reason of a standby, for status-get
 * @cpus: result: CPUs in use
 * @reason: NULL, or FALCON_STANDBY_TEXT bytes for the result: why no flow is steered, or which
 *	tunnel's flows are not; empty if falcon steers, or is disabled
 *
 * Context: process.
 */
void falcon_standby_show(struct cpumask *cpus, char *reason);

#endif /* _FALCON_STANDBY_H */
