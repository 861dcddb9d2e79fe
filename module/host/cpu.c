// SPDX-License-Identifier: GPL-2.0

#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/kernel_stat.h>
#include <linux/netdevice.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/isolation.h>
#include <linux/tick.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "core/config.h"
#include "core/event.h"
#include "core/plan.h"
#include "host/cpu.h"
#include "host/host.h"
#include "policy/policy.h"

/*
 * FALCON samples every 10 jiffies of 10 ms. While hooks are parked the load decides only whether
 * the host is busy, and a tenth of the samples will do.
 */
#define SAMPLE_MS	100
#define SAMPLE_INTERVAL (HZ * SAMPLE_MS / 1000)
#define PARKED_INTERVAL	(10 * SAMPLE_INTERVAL)

/* After this many intervals the mean has all but forgotten older samples. */
#define SAMPLES_MAX 20

/* How long a CPU that goes offline waits for its flows to leave. */
#define OFFLINE_WAIT_MS 100

/* What the last sample read, in us. */
struct sampled {
	u64		idle;
	u64		wall;
};

static DEFINE_PER_CPU(struct sampled, samples);
static struct falcon_cpu *state;	/* by CPU number; only sampling writes load and above */
static unsigned int host_load;
static bool host_busy;

/* CPUs that are going offline. Hotplug callbacks write it before the new plan is made. */
static struct cpumask leaving;

static const struct falcon_host_ops *host;

static enum cpuhp_state hotplug_state, prepare_state;

/* Counts as the cpufreq governors do: waiting for I/O is idle time. */
static u64 idle_time(unsigned int cpu, u64 *wall)
{
	u64 idle = get_cpu_idle_time_us(cpu, wall);

	if (idle == -1ULL) {	/* no dynamic tick */
		*wall = ktime_to_us(ktime_get());
		idle = div_u64(kcpustat_cpu(cpu).cpustat[CPUTIME_IDLE] +
			       kcpustat_cpu(cpu).cpustat[CPUTIME_IOWAIT], NSEC_PER_USEC);
	} else {
		idle += get_cpu_iowait_time_us(cpu, NULL);
	}
	return idle;
}

static void load_reset(void)
{
	struct sampled *last;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		last = per_cpu_ptr(&samples, cpu);
		last->idle = idle_time(cpu, &last->wall);
		WRITE_ONCE(state[cpu].load, 0);
		WRITE_ONCE(state[cpu].expected, 0);
		WRITE_ONCE(state[cpu].above, false);
	}
	WRITE_ONCE(host_load, 0);
	WRITE_ONCE(host_busy, false);
}

/* A sample that spans several intervals (@elapsed, in us) counts as several samples. */
static unsigned int average(unsigned int load, unsigned int sample, u64 elapsed)
{
	u64 count = clamp_t(u64, div_u64(elapsed, SAMPLE_MS * USEC_PER_MSEC), 1, SAMPLES_MAX);

	while (count--)
		load = falcon_policy_average(load, sample);
	return load;
}

/* Return: true if the CPU crossed the threshold. */
static bool load_sample(unsigned int cpu, unsigned int threshold)
{
	struct sampled *last = per_cpu_ptr(&samples, cpu);
	u64 wall, idle = idle_time(cpu, &wall);
	u64 elapsed = wall - last->wall;
	u64 idled = min(idle - last->idle, elapsed);
	bool above;

	/* Another CPU's idle time is read without a lock and may step back: count as idle. */
	if (!elapsed || (s64)(idle - last->idle) < 0)
		idled = elapsed;
	last->wall = wall;
	last->idle = idle;
	if (elapsed)
		WRITE_ONCE(state[cpu].load,
			   average(state[cpu].load, 100 - div64_u64(100 * idled, elapsed),
				   elapsed));

	WRITE_ONCE(state[cpu].expected,
		   falcon_policy_expect(READ_ONCE(state[cpu].expected), false));
	above = falcon_policy_above(state[cpu].above, state[cpu].load, threshold);
	if (above == state[cpu].above)
		return false;
	WRITE_ONCE(state[cpu].above, above);
	return true;
}

static void sample(struct work_struct *work);
static DECLARE_DELAYED_WORK(sample_work, sample);

static void sample(struct work_struct *work)
{
	static struct falcon_config config;	/* too large for the stack; the work runs alone */
	unsigned int cpu, sum = 0, count = 0;
	bool changed = false, busy;

	falcon_config_get(&config);
	for_each_online_cpu(cpu) {
		changed |= load_sample(cpu, config.load_threshold);
		sum += state[cpu].load;
		count++;
	}
	WRITE_ONCE(host_load, sum / count);

	busy = falcon_policy_above(host_busy, host_load, config.busy_threshold);
	if (busy != host_busy) {
		char reason[64];
		struct falcon_event_msg msg = {
			.event = busy ? FALCON_EVENT_STANDBY : FALCON_EVENT_RESUME,
			.reason = busy ? reason : NULL,
		};

		scnprintf(reason, sizeof(reason), "host-load of %u %%, busy-threshold is %u %%",
			  host_load, config.busy_threshold);
		WRITE_ONCE(host_busy, busy);
		falcon_event_send(&msg);
		changed = true;
	}
	if (changed)
		host->changed();
	schedule_delayed_work(&sample_work,
			      falcon_plan_parked() ? PARKED_INTERVAL : SAMPLE_INTERVAL);
}

void falcon_load_start(void)
{
	load_reset();
	schedule_delayed_work(&sample_work, SAMPLE_INTERVAL);
}

void falcon_load_stop(void)
{
	cancel_delayed_work_sync(&sample_work);
	load_reset();
}

bool falcon_load_above(unsigned int cpu)
{
	return READ_ONCE(state[cpu].above);
}

unsigned int falcon_load_of(unsigned int cpu)
{
	return READ_ONCE(state[cpu].load);
}

const struct falcon_cpu *falcon_cpus_state(void)
{
	return state;
}

/* Two flows that come at once may count as one: the number is a guess. */
void falcon_cpu_expect(unsigned int cpu)
{
	WRITE_ONCE(state[cpu].expected, falcon_policy_expect(READ_ONCE(state[cpu].expected), true));
}

unsigned int falcon_load_host(void)
{
	return READ_ONCE(host_load);
}

bool falcon_load_busy(void)
{
	return READ_ONCE(host_busy);
}

void falcon_cpus_usable(const struct cpumask *configured, struct cpumask *usable)
{
	if (cpumask_empty(configured))
		cpumask_and(usable, cpu_online_mask, housekeeping_cpumask(HK_TYPE_DOMAIN));
	else
		cpumask_and(usable, cpu_online_mask, configured);
	/* A CPU that begins or ceases to leave meanwhile makes another plan after this one. */
	data_race(cpumask_andnot(usable, usable, &leaving));
}

static void tell(enum falcon_event event, unsigned int cpu)
{
	struct falcon_event_msg msg = {
		.event = event,
		.cpu = cpu,
		.has_cpu = true,
	};

	falcon_event_send(&msg);
}

/*
 * The kernel does not tell modules which CPUs share a cache. The package, or the cluster within it,
 * is the closest that it tells.
 */
static void look_at(unsigned int cpu)
{
	unsigned int sibling = cpumask_any_but(topology_sibling_cpumask(cpu), cpu);

	state[cpu].node = cpu_to_node(cpu);
	state[cpu].domain = cpumask_first(topology_core_cpumask(cpu));
	state[cpu].sibling = sibling < nr_cpu_ids ? sibling : FALCON_NO_CPU;
}

static int cpu_prepare_callback(unsigned int cpu)
{
	host->cpu_comes(cpu);
	return 0;
}

static int cpu_dead_callback(unsigned int cpu)
{
	host->cpu_came(cpu);
	return 0;
}

static int cpu_online_callback(unsigned int cpu)
{
	host->cpu_came(cpu);
	look_at(cpu);
	cpumask_clear_cpu(cpu, &leaving);
	host->changed();
	if (falcon_plan_wants(cpu))
		tell(FALCON_EVENT_CPU_ONLINE, cpu);
	return 0;
}

/*
 * The CPU still works here. Its flows leave, each when it has drained, so none of their packets is
 * in the queue that dev_cpu_dead() moves to another CPU, where newer packets would overtake them. A
 * flow that does not drain in time moves with that queue, as with RPS.
 */
static int cpu_offline_callback(unsigned int cpu)
{
	unsigned int waited;
	bool wanted = falcon_plan_wants(cpu);

	cpumask_set_cpu(cpu, &leaving);
	host->changed();
	if (!wanted)
		return 0;

	synchronize_net();
	for (waited = 0; waited < OFFLINE_WAIT_MS && !host->cpu_has_left(cpu); waited++)
		usleep_range(1000, 1500);
	tell(FALCON_EVENT_CPU_OFFLINE, cpu);
	return 0;
}

int falcon_cpus_init(const struct falcon_host_ops *ops)
{
	unsigned int cpu;
	int err;

	host = ops;
	state = kvcalloc(nr_cpu_ids, sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		state[cpu].sibling = FALCON_NO_CPU;
	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/falcon:prepare",
					cpu_prepare_callback, cpu_dead_callback);
	if (err < 0)
		goto free_state;
	prepare_state = err;
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "net/falcon:online", cpu_online_callback,
				cpu_offline_callback);
	if (err < 0)
		goto remove_prepare;
	hotplug_state = err;
	return 0;

remove_prepare:
	cpuhp_remove_state_nocalls(prepare_state);
free_state:
	kvfree(state);
	return err;
}

void falcon_cpus_exit(void)
{
	/* No callbacks: falcon has nothing on any CPU any more. */
	cpuhp_remove_state_nocalls(hotplug_state);
	cpuhp_remove_state_nocalls(prepare_state);
	kvfree(state);
}
