// SPDX-License-Identifier: GPL-2.0
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "common.h"

void samples_init(struct samples *s)
{
	s->ns = malloc(SAMPLES_MAX * sizeof(*s->ns));
	if (!s->ns)
		die("no memory");
	s->count = 0;
}

void samples_add(struct samples *s, uint32_t ns)
{
	if (s->count < SAMPLES_MAX)
		s->ns[s->count++] = ns;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t percentile(const struct samples *s, unsigned int per_mille)
{
	uint64_t rank = (s->count * per_mille + 999) / 1000;

	return s->count ? s->ns[rank ? rank - 1 : 0] : 0;
}

void samples_print(struct samples *s, const char *prefix)
{
	static const struct {
		const char *name;
		unsigned int per_mille;
	} wanted[] = {
		{ "min", 0 }, { "p50", 500 }, { "p90", 900 }, { "p99", 990 }, { "p999", 999 },
		{ "max", 1000 },
	};
	uint64_t sum = 0;
	size_t i;

	qsort(s->ns, s->count, sizeof(*s->ns), compare);
	for (i = 0; i < s->count; i++)
		sum += s->ns[i];
	printf(", \"%smean_ns\": %llu", prefix,
	       (unsigned long long)(s->count ? sum / s->count : 0));
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		printf(", \"%s%s_ns\": %u", prefix, wanted[i].name,
		       percentile(s, wanted[i].per_mille));
}
