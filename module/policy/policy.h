/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chooses the CPU of a stage of a flow, and decides when the host is too busy to spread packets.
 * Pure functions of their arguments, compiled into the unit tests as they are.
 */

#ifndef _FALCON_POLICY_H
#define _FALCON_POLICY_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

/* No CPU; as an answer: no CPU of the set will do, so packets stay. */
#define FALCON_NO_CPU 0xffff

/* A load above a threshold stays so until it is this many percentage points below. */
#define FALCON_HYSTERESIS 10

/* State of a CPU. Members after the first three are constant while it is online. */
struct falcon_cpu {
	u8	load;		/* percent, a weighted mean */
	bool	above;		/* above load-threshold */
	u8	expected;	/* percent that flows will bring that came lately */
	u16	node;		/* NUMA node */
	u16	domain;		/* CPUs that share the last cache, as far as known */
	u16	sibling;	/* the other thread of its core, or FALCON_NO_CPU */
};

/**
 * struct falcon_choice - input of a choice
 * @policy: enum falcon_policy
 * @state: state of every CPU, by its number
 * @cpus: CPUs that may be chosen, ascending
 * @count: number of @cpus
 * @hash: hash of flow and device; as long as nothing else changes, the same hash gets the same CPU
 * @here: CPU that runs the stage before, never chosen
 * @app: CPU on which the flow's application runs; FALCON_NO_CPU if unknown
 * @for_app: the stage hands packets to the application, so it should be near @app, not near @here
 * @avoid: CPUs of the flow's other stages, chosen only if there is no other; FALCON_NO_CPU for none
 */
struct falcon_choice {
	u32			policy;
	const struct falcon_cpu	*state;
	const u16		*cpus;
	unsigned int		count;
	u32			hash;
	u16			here;
	u16			app;
	bool			for_app;
	u16			avoid[2];
};

/**
 * falcon_policy_first() - the CPU that the hash alone gives a stage of a flow
 * @choice: input
 *
 * FALCON's get_falcon_cpu() takes cpus[hash mod count], so two successive stages share a CPU once
 * in count times. Here they never do while there is another CPU.
 *
 * Context: any.
 * Return: the CPU, or FALCON_NO_CPU if the set has none but @here.
 */
u16 falcon_policy_first(const struct falcon_choice *choice);

/**
 * falcon_policy_choose() - choose a CPU for a stage of a flow, by the policy
 * @choice: input
 *
 * hash: falcon_policy_first(). two-choice: the same CPU; if it is above the threshold, a second one
 * by the rehashed hash, provided that this one has less load (FALCON, section 4.3). least-loaded: a
 * CPU with the least load. auto: likewise, but near @here. A CPU that has another cache, is on
 * another node, shares its core with a busy CPU, or is @app must have that much less load.
 *
 * CPUs within FALCON_HYSTERESIS of the least cost count as equal, and the hash picks one.
 *
 * Context: any.
 * Return: the CPU, or FALCON_NO_CPU if the set has none but @here.
 */
u16 falcon_policy_choose(const struct falcon_choice *choice);

/* One flow is processed on this many CPUs at once, at most. */
#define FALCON_WORKERS_MAX 8

/* The CPUs of a flow in lanes. */
struct falcon_spread {
	u16		workers[FALCON_WORKERS_MAX];
	unsigned int	count;		/* number of workers; 0 if there is no CPU */
	u16		delivery;
};

/* A CPU share so large that no other CPU is better: the flow keeps its usable CPUs. */
#define FALCON_STAY 1000

/**
 * falcon_policy_spread() - choose the CPUs of a flow in lanes
 * @choice: input; @avoid is not used
 * @workers: number of workers at most, 1 to FALCON_WORKERS_MAX
 * @own: the delivery gets a CPU of its own if that leaves a worker
 * @cpu_share: percent of a worker's time that the flow takes, or FALCON_STAY
 * @spread: on entry the flow's present CPUs, count 0 for a new flow; on return its CPUs
 *
 * With policy hash, these are neighbours, from a CPU that the hash picks. With the others, a flow
 * gives up a CPU only if that CPU is above the threshold, or not where auto wants it. Another CPU
 * must also cost less than the present one, with the flow's share added. So a flow that fills a CPU
 * by itself does not wander.
 *
 * Context: any.
 */
void falcon_policy_spread(const struct falcon_choice *choice, unsigned int workers, bool own,
			  unsigned int cpu_share, struct falcon_spread *spread);

/**
 * falcon_policy_workers() - how many workers a flow should have
 * @choice: input; @here is the CPU of the NIC's stage
 * @cpu_share: percent of a worker's time that the flow takes
 * @spread: the flow's present CPUs
 *
 * One more, if that lowers the load of the flow's busiest worker. For that the worker must be
 * busier than the NIC's CPU or without idle time, much of its load must be this flow, and another
 * CPU must be less busy even with its part of the flow. One less, if the share of each remaining
 * worker would still be small.
 *
 * Context: any.
 * Return: 1 to FALCON_WORKERS_MAX, at most one off from the present number.
 */
unsigned int falcon_policy_workers(const struct falcon_choice *choice, unsigned int cpu_share,
				   const struct falcon_spread *spread);

/**
 * falcon_policy_is_elephant() - check whether a flow's rate is high enough for lanes
 * @packets: packets of the flow, in some time
 * @limit: packets in that time at elephant-rate
 * @loaded: true if the NIC's CPU is above load-threshold
 *
 * If many small flows load a CPU, those with an eighth of the rate are enough to relieve it.
 *
 * Context: any. Return: true if it is.
 */
bool falcon_policy_is_elephant(u32 packets, u32 limit, bool loaded);

/**
 * falcon_policy_floor() - the rate below which a flow is demoted
 * @limit: elephant-rate
 * @loaded: true if the NIC's CPU was above load-threshold when the flow was promoted
 *
 * Half the rate of its promotion, whatever the load is now: the flow would load the CPU again that
 * it relieved.
 *
 * Context: any.
 * Return: packets per second.
 */
u32 falcon_policy_floor(u32 limit, bool loaded);

/*
 * What a flow may have in flight, taken and not yet delivered. The limit that is reached first
 * counts.
 */
struct falcon_budget {
	u32	packets;	/* a bound on the time that the next one waits */
	u32	bytes;		/* a bound on memory */
};

/*
 * Limits of one flow: several backlogs' full. With most drivers a packet of 1,500 bytes takes 2 to
 * 4 KiB.
 */
#define FALCON_BUDGET_PACKETS	8192U
#define FALCON_BUDGET_BYTES	(32U << 20)

/**
 * falcon_policy_budget() - what each flow in lanes may have in flight
 * @flows: number of flows in lanes
 *
 * All of them together may have what 16 flows may, or two runs each if that is more. The bytes of
 * 1024 flows are 512 MiB either way.
 *
 * Context: any.
 */
struct falcon_budget falcon_policy_budget(unsigned int flows);

/**
 * falcon_policy_expect() - update the load that a CPU's new flows are expected to bring
 * @expected: percent so far
 * @comes: true if a flow comes; false if the CPU's load was sampled
 *
 * The load of a new flow is a guess. Each sample halves the guess, as the load itself shows the
 * flow by and by.
 *
 * Context: any.
 * Return: percent.
 */
unsigned int falcon_policy_expect(unsigned int expected, bool comes);

/**
 * falcon_policy_dwell() - how long a flow stays where its load has just put it
 * @dwell: how long it had to stay before
 * @stayed: how long it did stay
 * @least: dwell of a flow that was quiet, in the same unit
 *
 * Twice as long as before, unless the flow stayed for much longer than it had to. So flows that
 * push each other about settle, however the loads swing.
 *
 * Context: any.
 * Return: @least to 64 times that.
 */
unsigned long falcon_policy_dwell(unsigned long dwell, unsigned long stayed, unsigned long least);

/**
 * falcon_policy_rehash() - the hash of a flow's second choice (FALCON, section 4.3)
 * @hash: hash of the first choice
 *
 * Context: any.
 */
u32 falcon_policy_rehash(u32 hash);

/**
 * falcon_policy_average() - weighted mean of a load and its next sample
 * @load: percent so far
 * @sample: percent in the last interval
 *
 * The weight of a sample is 1/5, FALCON's.
 *
 * Context: any.
 * Return: percent, 0 to 100.
 */
unsigned int falcon_policy_average(unsigned int load, unsigned int sample);

/**
 * falcon_policy_above() - check whether a load is above a threshold, with hysteresis
 * @was: the answer last time
 * @load: percent
 * @threshold: percent; 100 is never reached
 *
 * Context: any. Return: true if it is.
 */
bool falcon_policy_above(bool was, unsigned int load, unsigned int threshold);

#endif /* _FALCON_POLICY_H */
