// SPDX-License-Identifier: GPL-2.0

#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "host/cpu.h"
#include "host/rfs.h"
#include "lanes/placement.h"

/* How long the CPUs stay, at least: what a load's weighted mean needs to follow. */
#define BALANCE_INTERVAL HZ

/* How long an application is on one CPU before its flow minds. */
#define APP_STAYS HZ

void falcon_placement_init(struct falcon_placement *placement, u32 hash, u8 protocol, bool host)
{
	*placement = (struct falcon_placement){
		.hash		= hash,
		.protocol	= protocol,
		.host		= host,
		.since		= jiffies,
		.hold		= BALANCE_INTERVAL,
		.app		= FALCON_NO_CPU,
		.app_since	= jiffies,
	};
}

u16 falcon_placement_app(const struct falcon_placement *placement)
{
	return time_before(jiffies, placement->app_since + APP_STAYS) ? FALCON_NO_CPU :
									placement->app;
}

/* Workers that the flow is to have. */
static unsigned int workers_of(const struct falcon_placement *placement,
			       const struct falcon_plan *plan)
{
	if (placement->host)
		return 1;
	return plan->workers ?: placement->spread.count ?: 1;
}

static void choice_of(const struct falcon_placement *placement, const struct falcon_plan *plan,
		      u16 home, struct falcon_choice *choice)
{
	*choice = (struct falcon_choice){
		.policy	= plan->policy,
		.state	= falcon_cpus_state(),
		.cpus	= plan->cpus,
		.count	= plan->count,
		.hash	= placement->hash,
		.here	= home,
		.app	= falcon_placement_app(placement),
	};
}

static bool spread_over(struct falcon_placement *placement, const struct falcon_plan *plan,
			const struct falcon_choice *choice, unsigned int workers,
			unsigned int share)
{
	struct falcon_spread spread = placement->spread;
	unsigned int i;
	bool own;

	/*
	 * Several workers have time to deliver; but what TCP answers should always come from
	 * one CPU. What a host flow has is not delivered.
	 */
	own = !placement->host &&
	      (plan->delivery == FALCON_DELIVERY_OWN ||
	       (plan->delivery == FALCON_DELIVERY_AUTO &&
		(workers == 1 || placement->protocol != IPPROTO_UDP)));
	falcon_policy_spread(choice, workers, own, share, &spread);
	if (!spread.count)
		return false;
	if (memcmp(&spread, &placement->spread, sizeof(spread))) {
		/* To grow is no back and forth. */
		if (spread.count <= placement->spread.count)
			placement->hold = falcon_policy_hold(placement->hold,
							     jiffies - placement->since,
							     BALANCE_INTERVAL);
		placement->since = jiffies;
		for (i = 0; i < spread.count; i++)
			falcon_cpu_expect(spread.workers[i]);
	}
	placement->spread = spread;
	placement->own = own;
	return true;
}

void falcon_placement_stay_home(struct falcon_placement *placement, bool home)
{
	if (home == placement->home)
		return;
	placement->home = home;
	placement->spread.count = 0;
	placement->since = jiffies;
}

bool falcon_placement_follow(struct falcon_placement *placement, const struct falcon_plan *plan,
			     u16 home)
{
	struct falcon_choice choice;

	if (placement->home) {
		placement->spread = (struct falcon_spread){
			.workers = { home }, .count = 1, .delivery = home,
		};
		placement->own = false;
		return true;
	}
	choice_of(placement, plan, home, &choice);
	return spread_over(placement, plan, &choice, workers_of(placement, plan), FALCON_STAY);
}

unsigned int falcon_placement_measure(struct falcon_placement *placement, unsigned long elapsed)
{
	u64 time = (u64)jiffies_to_nsecs(elapsed) * max(placement->spread.count, 1U);
	unsigned int last = min_t(u64, div64_u64(100 * placement->work, time), 100);
	u16 app = falcon_rfs_cpu(placement->rxhash);

	if (app != placement->app) {
		placement->app = app;
		placement->app_since = jiffies;
	}
	placement->work = 0;
	placement->share = falcon_policy_average(placement->share, last);
	/* The larger of mean and last, as loads lag. */
	return max(placement->share, last);
}

bool falcon_placement_balance(struct falcon_placement *placement, const struct falcon_plan *plan,
			      u16 home, unsigned int share, bool merged)
{
	unsigned int workers = workers_of(placement, plan);
	struct falcon_choice choice;

	if (placement->home || plan->policy == FALCON_POLICY_HASH ||
	    time_before(jiffies, placement->since + placement->hold))
		return false;
	choice_of(placement, plan, home, &choice);
	if (!plan->workers && merged)
		workers = falcon_policy_workers(&choice, share, &placement->spread);
	spread_over(placement, plan, &choice, workers, share);
	return true;
}
