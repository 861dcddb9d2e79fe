/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far up the ladder a flow in lanes is or may be. Everything is under its lock unless it says
 * otherwise.
 */

#ifndef _FALCON_RUNG_H
#define _FALCON_RUNG_H

#include <linux/jiffies.h>

#include "elephant.h"

struct falcon_ladder_info;

/*
 * Whether runs of the flow may be on several CPUs at once: they are put in order again. What came
 * through no tunnel that falcon knows may be checked for its order before that, as ESP is.
 */
static inline bool falcon_rung_is_merged(const struct falcon_elephant *elephant)
{
	return falcon_trial_merges(&elephant->trial) && !elephant->host &&
	       !time_before(jiffies, elephant->watched);
}

/*
 * Whether another CPU may do what a lane has of the flow: its packets are put in order again, and
 * delivered anywhere. As of a moment ago. Context: any.
 */
static inline bool falcon_rung_can_be_helped(const struct falcon_elephant *elephant)
{
	return data_race(falcon_rung_is_merged(elephant)) && !READ_ONCE(elephant->way.by_cpu);
}

/* Whether the flow is to go ahead on the NIC's CPU: by batches only while it is no elephant. */
bool falcon_rung_stays_home(const struct falcon_elephant *elephant, const struct falcon_plan *plan);

/* Whether its rate does not keep it up any more. */
bool falcon_rung_is_slow(const struct falcon_elephant *elephant, const struct falcon_plan *plan);

/* Whether no flow like this is to be in lanes. @plan: or NULL */
bool falcon_rung_is_unwanted(const struct falcon_elephant *elephant,
			     const struct falcon_plan *plan);

/* What keeps flows on the kernel's path that have the rate. Context: a plan that holds them. */
static inline enum falcon_limit falcon_rung_limit_of(const struct falcon_plan *plan)
{
	return plan->hold == FALCON_A_COUNTERS_STANDBY ? FALCON_LIMIT_STANDBY :
							 FALCON_LIMIT_NO_CPU;
}

/* What keeps a flow that is not leaving from going further. */
enum falcon_limit falcon_rung_limit(const struct falcon_elephant *elephant);

/* Which rung it is on. */
enum falcon_rung falcon_rung_of(const struct falcon_elephant *elephant);

/* What flow-get tells. Context: process, with a reference. */
void falcon_rung_show(struct falcon_elephant *elephant, struct falcon_ladder_info *info);

#endif /* _FALCON_RUNG_H */
