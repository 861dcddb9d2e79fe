// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "lanes/merge.h"

/* The newest run, if it can take more packets of this micro-flow. */
static struct falcon_run *open_run(struct falcon_merge *merge, u16 worker, u32 batch)
{
	struct falcon_run *run = falcon_merge_run(merge, merge->tail - 1);

	if (falcon_merge_empty(merge) || run->state != FALCON_RUN_QUEUED ||
	    run->worker != worker || run->batch != batch || run->taken >= FALCON_RUN_MAX)
		return NULL;
	return run;
}

unsigned int falcon_merge_assign(struct falcon_merge *merge, struct falcon_chain *packets,
				 u16 worker, u32 batch, struct falcon_run **queue)
{
	struct falcon_run *run = open_run(merge, worker, batch);
	unsigned int count = packets->count;
	u32 bytes = packets->bytes;

	*queue = NULL;
	if (!count)
		return 0;
	if (!run) {
		if (merge->tail - merge->head == FALCON_RUNS)
			return 0;
		run = falcon_merge_run(merge, merge->tail);
		run->packets = (struct falcon_chain){};
		run->number = merge->tail++;
		run->batch = batch;
		run->bytes = 0;
		run->taken = 0;
		run->posts = 0;
		run->worker = worker;
		run->state = FALCON_RUN_QUEUED;
		*queue = run;
	}
	count = min_t(unsigned int, count, FALCON_RUN_MAX - run->taken);
	falcon_chain_cut(&run->packets, packets, count);
	bytes -= packets->bytes;
	run->bytes += bytes;
	run->taken += count;
	run->posts++;
	merge->bytes += bytes;
	merge->taken += count;
	return count;
}

void falcon_merge_start(struct falcon_run *run, struct falcon_chain *packets)
{
	run->state = FALCON_RUN_STARTED;
	falcon_chain_splice(packets, &run->packets);
}

u32 falcon_merge_untouched(struct falcon_merge *merge)
{
	u32 first = merge->tail;

	while (first != merge->head &&
	       falcon_merge_run(merge, first - 1)->state == FALCON_RUN_QUEUED)
		first--;
	return first;
}

unsigned int falcon_merge_recall(struct falcon_merge *merge, struct falcon_run *run,
				 struct falcon_chain *packets)
{
	unsigned int count = run->packets.count;
	u32 bytes = run->packets.bytes;

	if (run->state != FALCON_RUN_QUEUED)
		return 0;
	falcon_chain_splice(packets, &run->packets);
	run->taken -= count;
	run->bytes -= bytes;
	merge->taken -= count;
	merge->bytes -= bytes;
	return count;
}

unsigned int falcon_merge_finish(struct falcon_merge *merge, struct falcon_run *run,
				 struct falcon_chain *output, struct falcon_chain *released)
{
	unsigned int held = run->number == merge->head ? 0 : output->count;

	run->state = FALCON_RUN_DONE;
	falcon_chain_splice(&run->packets, output);
	merge->bytes += run->packets.bytes - run->bytes;
	run->bytes = run->packets.bytes;
	run->gave = run->packets.count;
	merge->held += run->gave;

	while (!falcon_merge_empty(merge)) {
		run = falcon_merge_run(merge, merge->head);
		if (run->state != FALCON_RUN_DONE)
			break;
		merge->bytes -= run->bytes;
		merge->held -= run->gave;
		merge->taken -= run->taken;
		falcon_chain_splice(released, &run->packets);
		merge->head++;
	}
	return held;
}
