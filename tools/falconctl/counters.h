/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of a CPU and stage. */
#ifndef FALCONCTL_COUNTERS_H
#define FALCONCTL_COUNTERS_H

#include "attr.h"

/* By number of the attribute. */
struct counters {
	uint64_t value[SPEC_ATTRS_MAX + 1];
};

/*
 * The counters of a record of stats-get; all 0 if it has none. Return: an exit code, after an error
 * message.
 */
int counters_read(const struct nlattr *const *stats, struct counters *c);

#endif
