/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that go on until they are interrupted, by SIGINT or SIGTERM. */
#ifndef FALCONCTL_INTERRUPT_H
#define FALCONCTL_INTERRUPT_H

#include "netlink.h"

/* From now on these signals only end interrupt_events(), so no early one is missed. */
void interrupt_prepare(void);

bool interrupted(void);

/*
 * Wait for events, then call nl_events(). Do not call it if the time, in ms or -1, is over, or if a
 * signal has come.
 */
int interrupt_events(struct nl *nl, long timeout, nl_handler handler, bool *lost, void *data);

#endif
