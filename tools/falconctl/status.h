/* SPDX-License-Identifier: GPL-2.0 */
/* What falcon does, at length and in one sentence. */
#ifndef FALCONCTL_STATUS_H
#define FALCONCTL_STATUS_H

#include "records.h"

/* Ask status-get and cpu-get. Nothing is left to free when it fails. */
int status_ask(struct records *status, struct records *cpus, struct nl *nl);

/* Print the sentence, "summary" in JSON, from their answers. */
void summary_print(const struct nlattr *const *status, const struct records *cpus);

#endif
