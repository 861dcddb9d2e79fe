/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of a flow up and down, and from one CPU to several. Context: softirq, under the lock of
 * the flow.
 */

#ifndef _FALCON_STEP_H
#define _FALCON_STEP_H

#include "lanes/rung.h"

/* A step is taken. @counter: FALCON_A_COUNTERS_, which counts those */
void falcon_step_count(struct falcon_elephant *elephant, unsigned int counter);

/*
 * To the CPUs of a plan that it has not followed yet, or after the NIC's CPU or the rules have
 * changed. Return: false when there is none.
 */
bool falcon_step_follow(struct falcon_elephant *elephant, const struct falcon_plan *plan);

/* Down, for a reason. What is in flight goes on; what comes waits. */
void falcon_step_leave(struct falcon_elephant *elephant, enum falcon_limit limit);

/* To its home CPU, which lets it go, when it is to come down and has nothing in flight. */
void falcon_step_release(struct falcon_elephant *elephant);

/* To several CPUs or back to one, if that is due. */
void falcon_step_rotate(struct falcon_elephant *elephant);

/* To what a new plan has for it, or to another home. */
void falcon_step_adapt(struct falcon_elephant *elephant, const struct falcon_plan *plan, u16 home);

#endif /* _FALCON_STEP_H */
