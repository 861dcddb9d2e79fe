/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that go on until they are interrupted, by SIGINT or SIGTERM. */
#ifndef FALCONCTL_INTERRUPT_H
#define FALCONCTL_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>

/* From now on these signals end interrupt_wait() alone, so that none is missed before it. */
void interrupt_prepare(void);

bool interrupted(void);

/*
 * ppoll() of one descriptor, timeout in ms, -1 for none: > 0 when it is ready, 0 when the time is
 * over or a signal came. Returns an exit code, having told.
 */
int interrupt_wait(struct pollfd *ready, long timeout, int *count);

#endif
