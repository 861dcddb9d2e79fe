/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that go on until they are interrupted, by SIGINT or SIGTERM. */
#ifndef FALCONCTL_INTERRUPT_H
#define FALCONCTL_INTERRUPT_H

#include "netlink.h"

/* From now on these signals end interrupt_events() alone, so that none is missed before it. */
void interrupt_prepare(void);

bool interrupted(void);

/*
 * nl_events(), as soon as there are some; none when the time, in ms or -1, is over, or a signal
 * came.
 */
int interrupt_events(struct nl *nl, long timeout, nl_handler handler, bool *lost, void *data);

#endif
