/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of a CPU and stage. */
#ifndef FALCONCTL_COUNTERS_H
#define FALCONCTL_COUNTERS_H

#include "attr.h"

/* By number, as the specification has them. */
struct counters {
	uint64_t value[SPEC_ATTRS_MAX + 1];
};

/* Those of a record of stats-get; none are all 0. Returns an exit code, having told. */
int counters_read(const struct nlattr *const *stats, struct counters *c);

#endif
