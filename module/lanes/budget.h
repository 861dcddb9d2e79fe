/* SPDX-License-Identifier: GPL-2.0 */
/* How many flows are in lanes, of which kinds, and what each may have in flight. */

#ifndef _FALCON_BUDGET_H
#define _FALCON_BUDGET_H

#include <linux/types.h>

#include "policy/policy.h"

/* What each flow in lanes may have in flight, see falcon_policy_budget(). Context: any. */
struct falcon_budget falcon_budget_get(void);

/* Flows in lanes. Context: any. */
unsigned int falcon_budget_flows(void);

/* Of them, those that a rule has brought there, not their rate. Context: any. */
unsigned int falcon_budget_ruled(void);

/* Whether some are of the host itself: they came through no tunnel. Context: any. */
bool falcon_budget_has_hosts(void);

/* So many flows more, or fewer. Context: one at a time. */
void falcon_budget_add(int count, bool host, bool ruled);

#endif /* _FALCON_BUDGET_H */
