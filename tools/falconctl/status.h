/* SPDX-License-Identifier: GPL-2.0 */
/* What falcon does, as the kernel tells it. */
#ifndef FALCONCTL_STATUS_H
#define FALCONCTL_STATUS_H

#include "records.h"

/* Ask status-get and cpu-get. Nothing is left to free when it fails. */
int status_ask(struct records *status, struct records *cpus, struct nl *nl);

#endif
