/* SPDX-License-Identifier: GPL-2.0 */
/* What falcon has decided lately, in words: the last few are remembered. */
#ifndef FALCONCTL_DECISION_H
#define FALCONCTL_DECISION_H

#include "sample.h"

#define DECISIONS 8

/* Flows that went into lanes or came back, or got other CPUs, between two samples. */
void decisions_compare(const struct sample *before, const struct sample *now);

/* An event of the module's; for nl_events(). */
int decisions_event(struct attr_block block, void *data);

/* More events than the socket could take. */
void decisions_lost(void);

/* Print those since the last time, "decisions" in JSON; on a screen all that are remembered. */
void decisions_print(bool screen);

#endif
