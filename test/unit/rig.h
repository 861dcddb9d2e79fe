/* SPDX-License-Identifier: GPL-2.0 */
/* A lane under test: its CPUs and clock, its flows and their runs, and a log of its work. */

#ifndef _RIG_H
#define _RIG_H

#include "unit.h"
#include "cpus.h"
#include "lanes/flow.h"
#include "lanes/lane.h"

#define US 1000UL
#define MS 1000000UL

typedef void (*rig_call)(void);

extern u64 rig_clock;				/* ns */
extern rig_call rig_at_clock;			/* called at the next reading of the clock */
extern unsigned int rig_logged;
extern const struct falcon_flow *rig_stuck;	/* its deliveries are refused */
extern unsigned int rig_refused;		/* how often */
extern rig_call rig_meanwhile;			/* called while a run is processed */

/* Around each case, which is a softirq on CPU 0. Return: 0, or an error. */
int rig_start(void);
void rig_stop(void);		/* Fails the case if a timer of a lane is pending still. */

/* A flow whose runs are put in order, so any CPU may help. */
struct falcon_flow rig_merged(void);
struct falcon_run rig_run(struct falcon_flow *flow, u32 number, u8 prio);

/* Post like the flow does, and wake the lane's CPU if necessary. */
void rig_queue(unsigned int cpu, struct falcon_run *run);
void rig_queue_delivery(unsigned int cpu, struct falcon_flow *flow);

/* Poll the lane on a CPU. Return: the value for the kernel. */
int rig_poll_by(unsigned int cpu, unsigned int lane, int budget);
int rig_poll(unsigned int cpu);

/* Assert that entry @at of the log is these runs of the flow; @count 0: a delivery. */
void rig_assert_done(unsigned int at, const struct falcon_flow *flow, u32 first,
		     unsigned int count);

#endif
