/* SPDX-License-Identifier: GPL-2.0 */
/* The status, from the kernel. */
#ifndef FALCONCTL_STATUS_H
#define FALCONCTL_STATUS_H

#include "records.h"

/* Ask status-get and cpu-get. If it fails, nothing is left to free. */
int status_ask(struct records *status, struct records *cpus, struct nl *nl);

#endif
