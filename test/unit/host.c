// SPDX-License-Identifier: GPL-2.0

#include <string.h>

#include "host.h"

#define REVIEW	 2	/* steps, as RATE_INTERVAL of lanes/review.c */
#define BALANCE 10	/* steps, as BALANCE_INTERVAL of lanes/affinity.c */

void host_init(struct host *host, unsigned int cpus, u32 policy, unsigned int workers)
{
	unsigned int i;

	*host = (struct host){
		.policy = policy, .workers = workers, .threshold = 80, .cpus = cpus, .count = cpus,
	};
	for (i = 0; i < cpus; i++) {
		host->set[i] = i;
		host->state[i].sibling = FALCON_NO_CPU;
	}
}

static struct falcon_choice choice_of(const struct host *host, const struct host_flow *flow)
{
	return (struct falcon_choice){
		.policy = host->policy, .state = host->state, .cpus = host->set,
		.count = host->count, .hash = flow->hash, .here = flow->home,
		.app = FALCON_NO_CPU,
	};
}

static bool spread(struct host *host, struct host_flow *flow, unsigned int workers,
		   unsigned int share)
{
	struct falcon_choice choice = choice_of(host, flow);
	struct falcon_spread had = flow->spread;
	struct falcon_cpu *state;
	unsigned int i;

	falcon_policy_spread(&choice, workers, workers == 1, share, &flow->spread);
	if (!memcmp(&had, &flow->spread, sizeof(had)))
		return false;
	for (i = 0; i < flow->spread.count; i++) {
		state = &host->state[flow->spread.workers[i]];
		state->expected = falcon_policy_expect(state->expected, true);
	}
	return true;
}

struct host_flow *host_add(struct host *host, u32 hash, u16 home, double nic, double work)
{
	struct host_flow *flow = &host->flow[host->flows++];

	*flow = (struct host_flow){ .hash = hash, .home = home, .nic = nic, .work = work,
				    .since = host->step, .hold = BALANCE };
	spread(host, flow, host->workers ? host->workers : 1, FALCON_STAY);
	return flow;
}

static bool is_on(const struct host_flow *flow, u16 cpu)
{
	unsigned int i;

	for (i = 0; i < flow->spread.count; i++)
		if (flow->spread.workers[i] == cpu)
			return true;
	return false;
}

/* Work of each worker. Several workers also deliver; for a single one another CPU delivers. */
static double work_of(const struct host_flow *flow)
{
	double work = flow->work + (flow->spread.count > 1 ? flow->delivery : 0);

	return work / flow->spread.count;
}

double host_demand(const struct host *host, u16 cpu)
{
	double demand = host->others[cpu];
	const struct host_flow *flow;
	unsigned int i;

	for (i = 0; i < host->flows; i++) {
		flow = &host->flow[i];
		demand += flow->home == cpu ? flow->nic : 0;
		demand += is_on(flow, cpu) ? work_of(flow) : 0;
		demand += flow->spread.count == 1 && flow->spread.delivery == cpu ?
			  flow->delivery : 0;
	}
	return demand;
}

double host_busiest(const struct host *host)
{
	unsigned int cpu;
	double most = 0;

	for (cpu = 0; cpu < host->cpus; cpu++)
		most = host_demand(host, cpu) > most ? host_demand(host, cpu) : most;
	return most;
}

unsigned int host_changes(const struct host *host)
{
	unsigned int changes = 0, i;

	for (i = 0; i < host->flows; i++)
		changes += host->flow[i].changes;
	return changes;
}

static void sample(struct host *host)
{
	struct falcon_cpu *state;
	unsigned int cpu;
	double demand;

	for (cpu = 0; cpu < host->cpus; cpu++) {
		state = &host->state[cpu];
		demand = host_demand(host, cpu);
		state->load = falcon_policy_average(state->load, demand < 100 ? demand : 100);
		state->expected = falcon_policy_expect(state->expected, false);
		state->above = falcon_policy_above(state->above, state->load, host->threshold);
	}
}

/* Like lanes/affinity.c: falcon_affinity_measure() and the balancing. */
static void review(struct host *host, struct host_flow *flow)
{
	unsigned int workers = host->workers ? host->workers : flow->spread.count, last;
	struct falcon_choice choice = choice_of(host, flow);
	unsigned int count = flow->spread.count;
	double demand;

	/* An overloaded CPU gives each of its flows a part of its time. */
	demand = host_demand(host, flow->spread.workers[0]);
	last = work_of(flow) * 100 / (demand > 100 ? demand : 100);
	flow->share = falcon_policy_average(flow->share, last);
	last = last > flow->share ? last : flow->share;
	if (host->policy == FALCON_POLICY_HASH || host->step - flow->since < flow->hold)
		return;
	if (!host->workers)
		workers = falcon_policy_workers(&choice, last, &flow->spread);
	if (spread(host, flow, workers, last)) {
		if (flow->spread.count <= count)
			flow->hold = falcon_policy_dwell(flow->hold, host->step - flow->since,
							 BALANCE);
		flow->since = host->step;
		flow->changes++;
	}
}

void host_run(struct host *host, unsigned int steps)
{
	unsigned int i;

	while (steps--) {
		host->step++;
		sample(host);
		/* Flows are reviewed at different moments. */
		for (i = 0; i < host->flows; i++)
			if ((host->step + i) % REVIEW == 0)
				review(host, &host->flow[i]);
	}
}
