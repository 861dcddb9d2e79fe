/* SPDX-License-Identifier: GPL-2.0 */
/* The latest decisions of falcon, in words. */
#ifndef FALCONCTL_DECISION_H
#define FALCONCTL_DECISION_H

#include "sample.h"

#define DECISIONS 8

/* Remember the flows that entered lanes, left them, or got other CPUs between two samples. */
void decisions_compare(const struct sample *before, const struct sample *now);

/* Remember an event of the module; a handler for nl_events(). */
int decisions_event(struct attr_block block, void *data);

/* Remember that events were lost. */
void decisions_lost(void);

/* Print the decisions since the last call, "decisions" in JSON; on a screen the latest ones. */
void decisions_print(bool screen);

#endif
