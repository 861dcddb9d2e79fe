// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "lanes/reorder.h"

/* The newest run, if it can take more packets of this micro-flow; or NULL. */
static struct falcon_run *open_run(struct falcon_reorder *reorder, u16 worker, u32 batch)
{
	struct falcon_run *run = falcon_reorder_run(reorder, reorder->tail - 1);

	if (falcon_reorder_empty(reorder) || run->state != FALCON_RUN_QUEUED ||
	    run->worker != worker || run->batch != batch || run->taken >= FALCON_RUN_MAX)
		return NULL;
	return run;
}

unsigned int falcon_reorder_assign(struct falcon_reorder *reorder, struct falcon_chain *packets,
				   u16 worker, u32 batch, struct falcon_run **queue)
{
	struct falcon_run *run = open_run(reorder, worker, batch);
	unsigned int count = packets->count;
	u32 bytes = packets->bytes;

	*queue = NULL;
	if (!count)
		return 0;
	if (!run) {
		if (reorder->tail - reorder->head == FALCON_RUNS)
			return 0;
		run = falcon_reorder_run(reorder, reorder->tail);
		run->packets = (struct falcon_chain){};
		run->number = reorder->tail++;
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
	reorder->bytes += bytes;
	reorder->taken += count;
	return count;
}

void falcon_reorder_start(struct falcon_run *run, struct falcon_chain *packets)
{
	run->state = FALCON_RUN_STARTED;
	falcon_chain_splice(packets, &run->packets);
}

u32 falcon_reorder_untouched(struct falcon_reorder *reorder)
{
	u32 first = reorder->tail;

	while (first != reorder->head &&
	       falcon_reorder_run(reorder, first - 1)->state == FALCON_RUN_QUEUED)
		first--;
	return first;
}

unsigned int falcon_reorder_recall(struct falcon_reorder *reorder, struct falcon_run *run,
				   struct falcon_chain *packets)
{
	unsigned int count = run->packets.count;
	u32 bytes = run->packets.bytes;

	if (run->state != FALCON_RUN_QUEUED)
		return 0;
	falcon_chain_splice(packets, &run->packets);
	run->taken -= count;
	run->bytes -= bytes;
	reorder->taken -= count;
	reorder->bytes -= bytes;
	return count;
}

unsigned int falcon_reorder_finish(struct falcon_reorder *reorder, struct falcon_run *run,
				   struct falcon_chain *output, struct falcon_chain *released)
{
	unsigned int held = run->number == reorder->head ? 0 : output->count;

	run->state = FALCON_RUN_DONE;
	falcon_chain_splice(&run->packets, output);
	reorder->bytes += run->packets.bytes - run->bytes;
	run->bytes = run->packets.bytes;
	run->gave = run->packets.count;
	reorder->held += run->gave;

	while (!falcon_reorder_empty(reorder)) {
		run = falcon_reorder_run(reorder, reorder->head);
		if (run->state != FALCON_RUN_DONE)
			break;
		reorder->bytes -= run->bytes;
		reorder->held -= run->gave;
		reorder->taken -= run->taken;
		falcon_chain_splice(released, &run->packets);
		reorder->head++;
	}
	return held;
}
