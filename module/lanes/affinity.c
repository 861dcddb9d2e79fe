// SPDX-License-Identifier: GPL-2.0

#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "host/cpu.h"
#include "host/rfs.h"
#include "lanes/affinity.h"

/* The least time between two changes that load makes: a load's weighted mean must follow first. */
#define BALANCE_INTERVAL HZ

/* An application counts once it has been on one CPU for so long. */
#define APP_STAYS HZ

void falcon_affinity_init(struct falcon_affinity *affinity, u32 hash, u8 protocol, bool host)
{
	*affinity = (struct falcon_affinity){
		.hash		= hash,
		.protocol	= protocol,
		.host		= host,
		.since		= jiffies,
		.dwell		= BALANCE_INTERVAL,
		.app		= FALCON_NO_CPU,
		.app_since	= jiffies,
	};
}

u16 falcon_affinity_app(const struct falcon_affinity *affinity)
{
	return time_before(jiffies, affinity->app_since + APP_STAYS) ? FALCON_NO_CPU :
									affinity->app;
}

/* The number of workers that the flow should have. */
static unsigned int workers_of(const struct falcon_affinity *affinity,
			       const struct falcon_plan *plan)
{
	if (affinity->host)
		return 1;
	return plan->workers ?: affinity->spread.count ?: 1;
}

static void choice_of(const struct falcon_affinity *affinity, const struct falcon_plan *plan,
		      u16 home, struct falcon_choice *choice)
{
	*choice = (struct falcon_choice){
		.policy	= plan->policy,
		.state	= falcon_cpus_state(),
		.cpus	= plan->cpus,
		.count	= plan->count,
		.hash	= affinity->hash,
		.here	= home,
		.app	= falcon_affinity_app(affinity),
	};
}

static bool spread_over(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			const struct falcon_choice *choice, unsigned int workers,
			unsigned int cpu_share)
{
	struct falcon_spread spread = affinity->spread;
	unsigned int i;
	bool own;

	/*
	 * Several workers have time to deliver, but TCP's answers should always come from one CPU.
	 * A host flow needs no CPU for deliveries.
	 */
	own = !affinity->host &&
	      (plan->delivery == FALCON_DELIVERY_OWN ||
	       (plan->delivery == FALCON_DELIVERY_AUTO &&
		(workers == 1 || affinity->protocol != IPPROTO_UDP)));
	falcon_policy_spread(choice, workers, own, cpu_share, &spread);
	if (!spread.count)
		return false;
	if (memcmp(&spread, &affinity->spread, sizeof(spread))) {
		/* A flow that only gets more workers does not move back and forth. */
		if (spread.count <= affinity->spread.count)
			affinity->dwell = falcon_policy_dwell(affinity->dwell,
							      jiffies - affinity->since,
							      BALANCE_INTERVAL);
		affinity->since = jiffies;
		for (i = 0; i < spread.count; i++)
			falcon_cpu_expect(spread.workers[i]);
	}
	affinity->spread = spread;
	affinity->own = own;
	return true;
}

void falcon_affinity_stay_home(struct falcon_affinity *affinity, bool home)
{
	if (home == affinity->home)
		return;
	affinity->home = home;
	affinity->spread.count = 0;
	affinity->since = jiffies;
}

bool falcon_affinity_follow(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			    u16 home)
{
	struct falcon_choice choice;

	if (affinity->home) {
		affinity->spread = (struct falcon_spread){
			.workers = { home }, .count = 1, .delivery = home,
		};
		affinity->own = false;
		return true;
	}
	choice_of(affinity, plan, home, &choice);
	return spread_over(affinity, plan, &choice, workers_of(affinity, plan), FALCON_STAY);
}

unsigned int falcon_affinity_measure(struct falcon_affinity *affinity, unsigned long elapsed)
{
	u64 time = (u64)jiffies_to_nsecs(elapsed) * max(affinity->spread.count, 1U);
	unsigned int last = min_t(u64, div64_u64(100 * affinity->work, time), 100);
	u16 app = falcon_rfs_cpu(affinity->rxhash);

	if (app != affinity->app) {
		affinity->app = app;
		affinity->app_since = jiffies;
	}
	affinity->work = 0;
	affinity->cpu_share = falcon_policy_average(affinity->cpu_share, last);
	/* The mean lags behind a load that rises. */
	return max(affinity->cpu_share, last);
}

bool falcon_affinity_balance(struct falcon_affinity *affinity, const struct falcon_plan *plan,
			     u16 home, unsigned int cpu_share, bool merged)
{
	unsigned int workers = workers_of(affinity, plan);
	struct falcon_choice choice;

	if (affinity->home || plan->policy == FALCON_POLICY_HASH ||
	    time_before(jiffies, affinity->since + affinity->dwell))
		return false;
	choice_of(affinity, plan, home, &choice);
	if (!plan->workers && merged)
		workers = falcon_policy_workers(&choice, cpu_share, &affinity->spread);
	spread_over(affinity, plan, &choice, workers, cpu_share);
	return true;
}
