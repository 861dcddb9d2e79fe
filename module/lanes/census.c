// SPDX-License-Identifier: GPL-2.0

#include <linux/compiler.h>

#include "lanes/census.h"

static unsigned int flows;
static unsigned int hosts;	/* of them, those that came through no tunnel */
static unsigned int ruled;	/* of them, those that a rule has brought */

/* Of what all may have in flight, for each. */
static struct falcon_share share = { FALCON_SHARE_PACKETS, FALCON_SHARE_BYTES };

struct falcon_share falcon_census_share(void)
{
	return READ_ONCE(share);
}

unsigned int falcon_census_flows(void)
{
	return READ_ONCE(flows);
}

unsigned int falcon_census_ruled(void)
{
	return READ_ONCE(ruled);
}

bool falcon_census_has_hosts(void)
{
	return READ_ONCE(hosts);
}

void falcon_census_add(int count, bool host, bool by_rule)
{
	WRITE_ONCE(flows, flows + count);
	WRITE_ONCE(hosts, hosts + host * count);
	WRITE_ONCE(ruled, ruled + by_rule * count);
	WRITE_ONCE(share, falcon_policy_share(flows));
}
