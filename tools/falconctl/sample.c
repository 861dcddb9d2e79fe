// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counters.h"
#include "error.h"
#include "sample.h"
#include "spec-gen.h"
#include "status.h"

/* Two records with these equal are the same flow. */
static const unsigned int key[] = {
	FALCON_A_FLOW_HASH, FALCON_A_FLOW_STAGE, FALCON_A_FLOW_IFINDEX, FALCON_A_FLOW_NETNS
};

static int by_key(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		uint64_t is = attr_uint(x->tb[key[i]]), was = attr_uint(y->tb[key[i]]);

		if (is != was)
			return is < was ? -1 : 1;
	}
	return 0;
}

double sample_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void sample_free(struct sample *sample)
{
	records_free(&sample->status);
	records_free(&sample->cpus);
	records_free(&sample->stats);
	records_free(&sample->flows);
}

/* EXIT_OK if all counters can be read; otherwise there was an error message. */
static int check_stats(const struct records *stats)
{
	struct counters c;
	int code = EXIT_OK;

	for (size_t i = 0; i < stats->count && !code; i++)
		code = counters_read(stats->list[i].tb, &c);
	return code;
}

int sample_take(struct sample *sample, struct nl *nl)
{
	int code;

	memset(sample, 0, sizeof(*sample));
	code = status_ask(&sample->status, &sample->cpus, nl);
	if (code)
		return code;
	sample->at = sample_clock();
	code = records_dump(&sample->stats, nl, FALCON_CMD_STATS_GET, &spec_set_stats);
	if (!code)
		code = check_stats(&sample->stats);
	if (!code)
		code = records_dump(&sample->flows, nl, FALCON_CMD_FLOW_GET, &spec_set_flow);
	if (code)
		sample_free(sample);
	else if (sample->flows.count)
		qsort(sample->flows.list, sample->flows.count, sizeof(*sample->flows.list),
		      by_key);
	return code;
}

const struct record *sample_flow(const struct sample *sample, const struct record *flow)
{
	if (!sample->flows.count)
		return NULL;
	return bsearch(flow, sample->flows.list, sample->flows.count,
		       sizeof(*sample->flows.list), by_key);
}

/* Mode pipeline and mode lanes count these where the stage runs. */
static void add_work(const struct nlattr *const *stats, struct cpu_work *work)
{
	static const unsigned int counter[] = {
		[FALCON_STAGE_NIC] = FALCON_A_COUNTERS_TAKEN,
		[FALCON_STAGE_TUNNEL] = FALCON_A_COUNTERS_PROCESSED,
		[FALCON_STAGE_CONTAINER] = FALCON_A_COUNTERS_DELIVERED,
	};
	uint64_t stage = attr_uint(stats[FALCON_A_STATS_STAGE]);
	struct counters c;

	if (stage >= __FALCON_STAGE_MAX || counters_read(stats, &c))
		return;
	work->packets[stage] += c.value[FALCON_A_COUNTERS_ASKED] + c.value[counter[stage]];
	work->wakes += c.value[FALCON_A_COUNTERS_WAKES];
}

void sample_cpu(const struct sample *sample, uint64_t cpu, struct cpu_work *work)
{
	memset(work, 0, sizeof(*work));
	for (size_t i = 0; i < sample->stats.count; i++) {
		const struct nlattr **tb = sample->stats.list[i].tb;

		if (tb[FALCON_A_STATS_CPU] && tb[FALCON_A_STATS_STAGE] &&
		    attr_uint(tb[FALCON_A_STATS_CPU]) == cpu)
			add_work(tb, work);
	}
}

uint64_t sample_rate(const struct sample *before, const struct sample *now, uint64_t was,
		     uint64_t is)
{
	double elapsed = now->at - before->at;

	/* A module that was loaded again starts from 0. */
	if (elapsed <= 0 || is < was)
		return 0;
	return (uint64_t)((double)(is - was) / elapsed + 0.5);
}
