/* SPDX-License-Identifier: GPL-2.0 */
/* Snapshots of the flows for user space. */

#ifndef _FALCON_SHOW_H
#define _FALCON_SHOW_H

#include "lanes/flow_info.h"
#include "lanes/flow_table.h"

/* The position at the end of a walk. */
#define FALCON_SHOW_END FALCON_FLOW_TABLE_FLOWS

/* Count the flows by state. Context: process. */
void falcon_show_sum(struct falcon_flow_sum *sum);

/**
 * falcon_show_walk() - call a function for each flow of the table
 * @from: where to begin: 0, or the result of the last call
 * @call: returns non-zero to stop before the flow that it got
 * @data: for @call
 *
 * Context: process. Return: where to continue; FALCON_SHOW_END at the end.
 */
unsigned long falcon_show_walk(unsigned long from,
			       int (*call)(const struct falcon_flow_info *info, void *data),
			       void *data);

#endif /* _FALCON_SHOW_H */
