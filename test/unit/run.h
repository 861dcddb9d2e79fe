/* SPDX-License-Identifier: GPL-2.0 */
/* Runs of a ring, with packets of a series. */

#ifndef _RUN_H
#define _RUN_H

#include "series.h"

extern struct falcon_reorder reorder;	/* the ring under test */

/* Like series_begin(), with an empty ring. */
int run_begin(void);

/* Assign @count new packets to a run of their own. */
struct falcon_run *run_new(u16 worker, u32 batch, unsigned int count);

/* Assign @count new packets to a run that is queued already. */
void run_more(u16 worker, u32 batch, unsigned int count);

/* Return: the packets of the run, which a worker starts. */
struct falcon_chain run_start(struct falcon_run *run);

/*
 * Finish the run with its first @count packets as output. Return: the released packets. Asserts
 * that @held packets of the run are held.
 */
struct falcon_chain run_finish_some(struct falcon_run *run, unsigned int count,
				    unsigned int held);

#endif
