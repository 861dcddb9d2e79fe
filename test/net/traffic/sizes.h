/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FALCON_TRAFFIC_SIZES_H
#define FALCON_TRAFFIC_SIZES_H

#include <stdint.h>

#define SIZES_MAX	32

/* Payload sizes in turn; each is a fixed size or a range. */
struct sizes {
	unsigned int count;
	struct {
		uint32_t low;
		uint32_t high;
	} item[SIZES_MAX];
	uint32_t largest;
	uint32_t seed;
};

/* "64", "64,1400,3000" or "64-1400,9000"; ends the program when it is none of these. */
void sizes_parse(struct sizes *sizes, const char *text);

/* The same for the same seed and @seq in every run, so that a failure can be repeated. */
uint32_t sizes_pick(const struct sizes *sizes, uint64_t seq);

#endif
