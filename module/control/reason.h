/* SPDX-License-Identifier: GPL-2.0 */
/* Why flows are not steered although falcon is enabled. */

#ifndef _FALCON_REASON_H
#define _FALCON_REASON_H

#include <linux/cpumask.h>

#define FALCON_REASON_MAX 256

/**
 * falcon_reason_show() - what status-get tells
 * @cpus: result: CPUs in use
 * @reason: result, or NULL: why flows are not steered although falcon is enabled; empty when they
 *	are. FALCON_REASON_MAX bytes
 *
 * Context: process.
 */
void falcon_reason_show(struct cpumask *cpus, char *reason);

#endif /* _FALCON_REASON_H */
