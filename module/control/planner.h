/* SPDX-License-Identifier: GPL-2.0 */
/* Makes the plan (core/plan.h), and replaces it whenever something changes that it depends on. */

#ifndef _FALCON_PLANNER_H
#define _FALCON_PLANNER_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

enum falcon_phase {
	FALCON_PHASE_OFF,	/* no plan */
	FALCON_PHASE_HELD,	/* flows stay on the CPU where they arrive, or go back there */
	FALCON_PHASE_LEAVING,	/* flows are back; packets go through the GRO cells again */
	FALCON_PHASE_RUN,	/* flows are steered */
};

/*
 * Set the mode of the next plan and all later ones; never auto. Context: process, under the control
 * mutex.
 */
void falcon_planner_set_mode(enum falcon_mode mode);

/* The mode of the plans, never auto. Context: process. */
enum falcon_mode falcon_planner_mode(void);

/*
 * False if a tunnel's GRO merges UDP that this plan sends past the tunnel's GRO cell: then flows
 * must come back before the tunnel sees that UDP. Context: process.
 */
bool falcon_planner_fits_devices(void);

/*
 * Turn auto into a mode: lanes if all hooks that lanes need are attached or parked, otherwise
 * pipeline. Any other mode stays. Context: process, after falcon_hooks_attach().
 */
enum falcon_mode falcon_planner_resolve(enum falcon_mode mode);

/**
 * falcon_planner_enter() - make a plan for a phase; every packet sees the plan on return
 * @phase: the phase
 *
 * Context: process, under the control mutex.
 */
void falcon_planner_enter(enum falcon_phase phase);

/* Make a new plan: something has changed that it depends on. Context: process; RTNL may be held. */
void falcon_replan(void);

/*
 * Make a plan that says if hooks are parked, that is, if promotion is forbidden; every packet sees
 * the plan on return. Context: process, under the control mutex, or in the work that parks.
 */
void falcon_planner_park(bool parked);

/*
 * Have the ingress look at every packet, even while hooks are parked; or end that. In effect on
 * return. Context: process.
 */
void falcon_planner_watch_all(bool wanted);

#endif /* _FALCON_PLANNER_H */
