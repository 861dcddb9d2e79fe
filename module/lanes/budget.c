// SPDX-License-Identifier: GPL-2.0

#include <linux/compiler.h>

#include "lanes/budget.h"

static unsigned int flows;
static unsigned int hosts;	/* of them, the host's own: through no tunnel */
static unsigned int ruled;	/* of them, promoted by a rule */

/* For one flow. */
static struct falcon_budget budget = { FALCON_BUDGET_PACKETS, FALCON_BUDGET_BYTES };

struct falcon_budget falcon_budget_get(void)
{
	return READ_ONCE(budget);
}

unsigned int falcon_budget_flows(void)
{
	return READ_ONCE(flows);
}

unsigned int falcon_budget_ruled(void)
{
	return READ_ONCE(ruled);
}

bool falcon_budget_has_hosts(void)
{
	return READ_ONCE(hosts);
}

void falcon_budget_add(int count, bool host, bool by_rule)
{
	WRITE_ONCE(flows, flows + count);
	WRITE_ONCE(hosts, hosts + host * count);
	WRITE_ONCE(ruled, ruled + by_rule * count);
	WRITE_ONCE(budget, falcon_policy_budget(flows));
}
