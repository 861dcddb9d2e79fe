/* SPDX-License-Identifier: GPL-2.0 */
/* The number of flows in lanes, by kind, and the packets that each of them may have in flight. */

#ifndef _FALCON_BUDGET_H
#define _FALCON_BUDGET_H

#include <linux/types.h>

#include "policy/policy.h"

/* The budget of each flow in lanes, see falcon_policy_budget(). Context: any. */
struct falcon_budget falcon_budget_get(void);

/* Flows in lanes. Context: any. */
unsigned int falcon_budget_flows(void);

/* Flows in lanes that a rule has promoted, not their rate. Context: any. */
unsigned int falcon_budget_ruled(void);

/* True if some flows in lanes are the host's own: they came through no tunnel. Context: any. */
bool falcon_budget_has_hosts(void);

/* Count more flows in lanes, or fewer (@count below 0). Context: one caller at a time. */
void falcon_budget_add(int count, bool host, bool ruled);

#endif /* _FALCON_BUDGET_H */
