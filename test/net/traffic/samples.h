/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FALCON_TRAFFIC_SAMPLES_H
#define FALCON_TRAFFIC_SAMPLES_H

#include <stdint.h>

#define SAMPLES_MAX	10000000

/* Times, of which percentiles are wanted. */
struct samples {
	uint32_t *ns;
	uint64_t count;
};

void samples_init(struct samples *s);

/* Beyond SAMPLES_MAX they are not kept. */
void samples_add(struct samples *s, uint32_t ns);

/* As JSON, each name behind a comma and @prefix: mean_ns, min_ns, p50_ns and so on. */
void samples_print(struct samples *s, const char *prefix);

#endif
