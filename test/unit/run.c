// SPDX-License-Identifier: GPL-2.0

#include "run.h"

struct falcon_reorder reorder;

int run_begin(void)
{
	memset(&reorder, 0, sizeof(reorder));
	return series_begin();
}

struct falcon_run *run_new(u16 worker, u32 batch, unsigned int count)
{
	struct falcon_chain chain = series_chain(count);
	struct falcon_run *run;

	assert_int_equal(falcon_reorder_assign(&reorder, &chain, worker, batch, &run), count);
	assert_non_null(run);
	series_expect(&chain, 0, 0);
	return run;
}

void run_more(u16 worker, u32 batch, unsigned int count)
{
	struct falcon_chain chain = series_chain(count);
	struct falcon_run *run = &reorder.runs[0];

	assert_int_equal(falcon_reorder_assign(&reorder, &chain, worker, batch, &run), count);
	assert_null(run);
	series_expect(&chain, 0, 0);
}

struct falcon_chain run_start(struct falcon_run *run)
{
	struct falcon_chain chain = {};

	falcon_reorder_start(run, &chain);
	assert_int_equal(run->state, FALCON_RUN_STARTED);
	series_expect(&run->packets, 0, 0);
	return chain;
}

struct falcon_chain run_finish_some(struct falcon_run *run, unsigned int count,
				    unsigned int held)
{
	struct falcon_chain all = run_start(run), output = {}, released = {};

	falcon_chain_cut(&output, &all, count);
	assert_int_equal(falcon_reorder_finish(&reorder, run, &output, &released), held);
	series_expect(&output, 0, 0);
	return released;
}
