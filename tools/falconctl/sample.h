/* SPDX-License-Identifier: GPL-2.0 */
/* The answers of the module at one moment, and their change since another one. */
#ifndef FALCONCTL_SAMPLE_H
#define FALCONCTL_SAMPLE_H

#include <linux/falcon.h>

#include "records.h"

struct sample {
	struct records status, cpus, stats, flows;
	double at;		/* by sample_clock() */
};

/* Seconds of a clock that never steps. */
double sample_clock(void);

/* If it fails, nothing is left to free. */
int sample_take(struct sample *sample, struct nl *nl);
void sample_free(struct sample *sample);

/* Packets of each stage on a CPU so far, and wake-ups of lanes that it has sent. */
struct cpu_work {
	uint64_t packets[__FALCON_STAGE_MAX];
	uint64_t wakes;
};

void sample_cpu(const struct sample *sample, uint64_t cpu, struct cpu_work *work);

/* The same flow in another sample, or NULL. */
const struct record *sample_flow(const struct sample *sample, const struct record *flow);

/* The growth of a number per second. */
uint64_t sample_rate(const struct sample *before, const struct sample *now, uint64_t was,
		     uint64_t is);

#endif
