/* SPDX-License-Identifier: GPL-2.0 */
/* Who makes the plan (plan.h), anew with each change of what it is made of. */

#ifndef _FALCON_PLANNER_H
#define _FALCON_PLANNER_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

enum falcon_phase {
	FALCON_PHASE_OFF,	/* no plan */
	FALCON_PHASE_HELD,	/* flows stay where they arrive, or go back there */
	FALCON_PHASE_LEAVING,	/* they have; packets go back through the GRO cells */
	FALCON_PHASE_RUN,
};

/*
 * The mode of the plans from the next one on, which is never auto. Context: process, under the
 * control mutex.
 */
void falcon_planner_set_mode(enum falcon_mode mode);

/* What it is. Context: process. */
enum falcon_mode falcon_planner_mode(void);

/*
 * Whether no flow has to be brought back as some tunnel's GRO merges UDP that goes past it by this
 * plan. Context: process.
 */
bool falcon_planner_fits_devices(void);

/*
 * What auto is at the moment: lanes, as far as the kernel has what that needs. Context: process,
 * hooks are attached.
 */
enum falcon_mode falcon_planner_resolve(enum falcon_mode mode);

/**
 * falcon_planner_enter() - a plan for the next phase, which every packet sees on return
 * @phase: the phase
 *
 * Context: process, under the control mutex.
 */
void falcon_planner_enter(enum falcon_phase phase);

/* A new plan: what it is made of has changed. Context: process. */
void falcon_replan(void);

/*
 * Whether hooks are parked, so that no flow may go into lanes, which every packet sees on return.
 * Context: process, under the control mutex or in the work that it can stop.
 */
void falcon_planner_park(bool parked);

/*
 * Whether every packet is looked at even while hooks are parked, which is so on return. Context:
 * process.
 */
void falcon_planner_watch_all(bool wanted);

#endif /* _FALCON_PLANNER_H */
