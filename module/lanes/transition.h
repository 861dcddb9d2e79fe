/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The changes of a flow's state: promotion, demotion, from one CPU to several and back. Context:
 * softirq, under the flow's lock.
 */

#ifndef _FALCON_TRANSITION_H
#define _FALCON_TRANSITION_H

#include "lanes/flow.h"

/* Count a change of state. @counter: FALCON_A_COUNTERS_PROMOTIONS or _DEMOTIONS */
void falcon_transition_count(struct falcon_flow *flow, unsigned int counter);

/*
 * Choose the flow's CPUs anew: for a new plan, a new home, or a new rule. Return: false if there is
 * no CPU for it.
 */
bool falcon_transition_follow(struct falcon_flow *flow, const struct falcon_plan *plan);

/* Begin to leave lanes. Packets in flight go on to their delivery; new packets wait. */
void falcon_transition_demote(struct falcon_flow *flow, enum falcon_reason reason);

/* Hand the flow to its home's gate, which releases it, if it is leaving with nothing in flight. */
void falcon_transition_release(struct falcon_flow *flow);

/* Go to several CPUs, or back to one, if that is due. */
void falcon_transition_rotate(struct falcon_flow *flow);

/* Follow a new plan, or move to another home. The flow may leave by that. */
void falcon_transition_adapt(struct falcon_flow *flow, const struct falcon_plan *plan, u16 home);

#endif /* _FALCON_TRANSITION_H */
