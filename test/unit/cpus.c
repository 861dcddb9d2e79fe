// SPDX-License-Identifier: GPL-2.0

#include "unit.h"
#include "cpus.h"

#define CALLS 8		/* under way, at most */

struct softnet_data softnet_data[SHIM_CPUS];
struct napi_struct *shim_napis[SHIM_NAPIS];
unsigned int shim_cpu, shim_offline, shim_calls, shim_napi_count, shim_bh_off;
bool shim_calls_arrive, shim_in_hardirq;
struct hrtimer *shim_timer;
void (*shim_at_mb)(void);
unsigned long jiffies;

static call_single_data_t *under_way[CALLS];
static unsigned int calls;

void cpus_start(void)
{
	memset(softnet_data, 0, sizeof(softnet_data));
	shim_cpu = 0;
	shim_offline = SHIM_CPUS;
	shim_calls = 0;
	shim_calls_arrive = true;
	shim_napi_count = 0;
	shim_timer = NULL;
	shim_at_mb = NULL;
	shim_in_hardirq = false;
	calls = 0;
	cpus_process();
}

void cpus_process(void)
{
	shim_bh_off = 0;
}

void cpus_softirq(void)
{
	shim_bh_off = 1;
}

/* Like the kernel, which frees the data before it calls the function. */
int smp_call_function_single_async(unsigned int cpu, call_single_data_t *csd)
{
	if (csd->busy)
		return -EBUSY;
	if (!cpu_online(cpu))
		return -ENXIO;
	assert_true(calls < CALLS);
	shim_calls++;
	csd->busy = true;
	csd->cpu = cpu;
	under_way[calls++] = csd;
	if (shim_calls_arrive)
		cpus_let_calls_arrive();
	return 0;
}

unsigned int cpus_let_calls_arrive(void)
{
	unsigned int here = shim_cpu, i, count = calls;

	calls = 0;
	shim_in_hardirq = true;
	for (i = 0; i < count; i++) {
		under_way[i]->busy = false;
		shim_cpu = under_way[i]->cpu;
		under_way[i]->func(under_way[i]->info);
	}
	shim_in_hardirq = false;
	shim_cpu = here;
	return count;
}

int cpus_poll(unsigned int cpu, struct napi_struct *napi, int budget)
{
	unsigned int here = shim_cpu, bh_off = shim_bh_off;
	int work;

	assert_true(test_bit(NAPI_STATE_SCHED, &napi->state));
	assert_int_equal(napi->cpu, cpu);
	shim_cpu = cpu;
	cpus_softirq();
	work = napi->poll(napi, budget);
	assert_int_equal(shim_bh_off, 1);
	shim_bh_off = bh_off;
	shim_cpu = here;
	return work;
}

u64 cpus_timer(void)
{
	return shim_timer ? shim_timer->wait : 0;
}

void cpus_expire(void)
{
	struct hrtimer *timer = shim_timer;
	unsigned int here = shim_cpu;

	assert_non_null(timer);
	shim_timer = NULL;
	timer->wait = 0;
	shim_cpu = timer->cpu;
	shim_in_hardirq = true;
	assert_int_equal(timer->function(timer), HRTIMER_NORESTART);
	shim_in_hardirq = false;
	shim_cpu = here;
}
