/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of a flow up and down, and from one CPU to several. Context: softirq, under the lock of
 * the flow.
 */

#ifndef _FALCON_TRANSITION_H
#define _FALCON_TRANSITION_H

#include "lanes/flow.h"

/* A step is taken. @counter: FALCON_A_COUNTERS_, which counts those */
void falcon_transition_count(struct falcon_flow *flow, unsigned int counter);

/*
 * To the CPUs of a plan that it has not followed yet, or after the NIC's CPU or the rules have
 * changed. Return: false when there is none.
 */
bool falcon_transition_follow(struct falcon_flow *flow, const struct falcon_plan *plan);

/* Down, for a reason. What is in flight goes on; what comes waits. */
void falcon_transition_demote(struct falcon_flow *flow, enum falcon_reason reason);

/* To its home CPU, which lets it go, when it is to come down and has nothing in flight. */
void falcon_transition_release(struct falcon_flow *flow);

/* To several CPUs or back to one, if that is due. */
void falcon_transition_rotate(struct falcon_flow *flow);

/* To what a new plan has for it, or to another home. */
void falcon_transition_adapt(struct falcon_flow *flow, const struct falcon_plan *plan, u16 home);

#endif /* _FALCON_TRANSITION_H */
