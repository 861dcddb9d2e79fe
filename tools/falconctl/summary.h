/* SPDX-License-Identifier: GPL-2.0 */
/* What falcon does, in one sentence. */
#ifndef FALCONCTL_SUMMARY_H
#define FALCONCTL_SUMMARY_H

#include "records.h"

/* Print it, "summary" in JSON, from the answers of status-get and cpu-get. */
void summary_print(const struct nlattr *const *status, const struct records *cpus);

#endif
