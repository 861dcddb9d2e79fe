// SPDX-License-Identifier: GPL-2.0

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/smp.h>

#include "host/backlog.h"
#include "pipeline/rps_flow.h"
#include "policy/policy.h"

/*
 * Set and cleared only while no packet uses the tables, so packets need no lock. @lock protects the
 * slow readers (dumps, status) from a table that is being freed.
 */
static struct falcon_rps_flow *tables[FALCON_STAGES];
static DEFINE_MUTEX(lock);

static struct falcon_rps_flow *table_alloc(void)
{
	struct falcon_rps_flow *table = kvcalloc(FALCON_RPS_FLOWS, sizeof(*table), GFP_KERNEL);
	unsigned int i;

	for (i = 0; table && i < FALCON_RPS_FLOWS; i++) {
		table[i].rflow.cpu = FALCON_NO_CPU;
		table[i].rflow.filter = RPS_NO_FILTER;
	}
	return table;
}

int falcon_rps_flows_alloc(void)
{
	unsigned int stage;
	int err = 0;

	mutex_lock(&lock);
	for (stage = 0; stage < FALCON_STAGES; stage++) {
		tables[stage] = table_alloc();
		if (!tables[stage])
			err = -ENOMEM;
	}
	mutex_unlock(&lock);
	if (err)
		falcon_rps_flows_free();
	return err;
}

void falcon_rps_flows_free(void)
{
	unsigned int stage;

	mutex_lock(&lock);
	for (stage = 0; stage < FALCON_STAGES; stage++) {
		kvfree(tables[stage]);
		tables[stage] = NULL;
	}
	mutex_unlock(&lock);
}

struct falcon_rps_flow *falcon_rps_flow_at(enum falcon_stage stage, u32 hash)
{
	return &tables[stage][hash % FALCON_RPS_FLOWS];
}

bool falcon_rps_flow_drained(const struct falcon_rps_flow *flow)
{
	u16 cpu = READ_ONCE(flow->rflow.cpu);

	return cpu >= nr_cpu_ids || !cpu_online(cpu) ||
	       falcon_backlog_passed(cpu, READ_ONCE(flow->rflow.last_qtail));
}

void falcon_rps_flow_assign(struct falcon_rps_flow *flow, u16 cpu, u16 here)
{
	/* As set_rps_cpu() does: no packet of the flow is queued there yet. */
	WRITE_ONCE(flow->rflow.last_qtail, falcon_backlog_head(cpu));
	WRITE_ONCE(flow->here, here);
	WRITE_ONCE(flow->rflow.cpu, cpu);
}

static bool settled(const struct falcon_rps_flow *flow, u16 cpu)
{
	u16 at = READ_ONCE(flow->rflow.cpu);

	if (at == FALCON_NO_CPU)
		return true;
	if (cpu == FALCON_NO_CPU ? READ_ONCE(flow->here) : at != cpu)
		return true;
	return falcon_rps_flow_drained(flow) &&
	       time_after(jiffies, READ_ONCE(flow->used) + FALCON_RPS_FLOW_IDLE / 10);
}

bool falcon_rps_flows_settled(u16 cpu)
{
	unsigned int stage, i;
	bool all = true;

	mutex_lock(&lock);
	for (stage = 0; stage < FALCON_STAGES && all; stage++)
		for (i = 0; i < FALCON_RPS_FLOWS && tables[stage] && all; i++)
			all = settled(&tables[stage][i], cpu);
	mutex_unlock(&lock);
	return all;
}

static bool in_use(const struct falcon_rps_flow *flow)
{
	return READ_ONCE(flow->tag) && time_before(jiffies, READ_ONCE(flow->used) + HZ);
}

unsigned int falcon_rps_flows_count(void)
{
	unsigned int stage, i, count, most = 0;

	mutex_lock(&lock);
	for (stage = 0; stage < FALCON_STAGES; stage++) {
		count = 0;
		for (i = 0; i < FALCON_RPS_FLOWS && tables[stage]; i++)
			count += in_use(&tables[stage][i]);
		most = max(most, count);
	}
	mutex_unlock(&lock);
	return most;
}

unsigned long falcon_rps_flows_walk(unsigned long from,
				    int (*call)(enum falcon_stage stage,
						const struct falcon_rps_flow *flow, void *data),
				    void *data)
{
	unsigned long at;
	unsigned int stage;

	mutex_lock(&lock);
	for (at = from; at < FALCON_STAGES * FALCON_RPS_FLOWS; at++) {
		stage = at / FALCON_RPS_FLOWS;
		if (!tables[stage] || !READ_ONCE(tables[stage][at % FALCON_RPS_FLOWS].tag))
			continue;
		if (call(stage, &tables[stage][at % FALCON_RPS_FLOWS], data))
			break;
	}
	mutex_unlock(&lock);
	return at;
}
