/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters per CPU and stage. The attribute set "counters" of include/netlink/falcon.yaml lists and
 * explains them. To add one, see adding-a-counter.md.
 */

#ifndef _FALCON_STATS_H
#define _FALCON_STATS_H

#include <linux/percpu.h>

#include "core/stage.h"

/* Indexed by FALCON_A_COUNTERS_, which begin at 1. */
struct falcon_stats {
	u64 counter[FALCON_STAGES][FALCON_A_COUNTERS_MAX + 1];
};

DECLARE_PER_CPU(struct falcon_stats, falcon_stats);

/* Count one. Context: any. */
static inline void falcon_count(enum falcon_stage stage, unsigned int counter)
{
	this_cpu_inc(falcon_stats.counter[stage][counter]);
}

/* Count several. Context: any. */
static inline void falcon_count_more(enum falcon_stage stage, unsigned int counter, u64 count)
{
	this_cpu_add(falcon_stats.counter[stage][counter], count);
}

/* The value of a CPU's counter. Context: any. */
static inline u64 falcon_counted(unsigned int cpu, enum falcon_stage stage, unsigned int counter)
{
	return READ_ONCE(per_cpu(falcon_stats, cpu).counter[stage][counter]);
}

#endif /* _FALCON_STATS_H */
