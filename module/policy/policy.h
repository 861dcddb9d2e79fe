/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which CPU a stage of a flow gets, and when the host is too busy to spread anything. Pure
 * functions of their arguments, compiled into the unit tests as they are.
 */

#ifndef _FALCON_POLICY_H
#define _FALCON_POLICY_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

/* The answer "no CPU of the set will do: stay". */
#define FALCON_NO_CPU 0xffff

/* Percentage points below a threshold at which being above it ends. */
#define FALCON_HYSTERESIS 10

/* What a policy knows of a CPU. What follows the first three is constant while it is online. */
struct falcon_cpu {
	u8	load;		/* percent, a weighted mean */
	bool	above;		/* above load-threshold */
	u8	expected;	/* percent that flows will bring that came lately */
	u16	node;		/* of NUMA */
	u16	domain;		/* that shares the last cache, as far as the kernel tells */
	u16	sibling;	/* another thread of its core, or FALCON_NO_CPU */
};

/**
 * struct falcon_choice - what a choice is made from
 * @policy: enum falcon_policy
 * @state: of every CPU, by its number
 * @cpus: CPUs that may be chosen, ascending
 * @count: how many
 * @hash: of flow and device; the same hash gets the same CPU as long as nothing else changes
 * @here: CPU that runs the stage before, never chosen
 * @app: CPU on which the flow's application runs, FALCON_NO_CPU when nobody knows
 * @for_app: the stage hands its packets to the application: rather near @app than near @here
 * @avoid: CPUs of the flow's other stages, FALCON_NO_CPU for none, chosen only when there
 *	is no other
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
 * @choice: see there
 *
 * FALCON's get_falcon_cpu() takes cpus[hash mod count], so that two stages in a row share a
 * CPU once in count; here they never do while there is another.
 *
 * Context: any.
 * Return: the CPU, or FALCON_NO_CPU when the set has none but @here.
 */
u16 falcon_policy_first(const struct falcon_choice *choice);

/**
 * falcon_policy_choose() - a CPU for a stage of a flow, by the choice's policy
 * @choice: see there
 *
 * hash: falcon_policy_first(). two-choice: that one, or when it is above the threshold another one
 * by the rehashed hash, if that has less to do (FALCON, section 4.3). least-loaded: one of
 * those with the least load. auto: likewise, and rather near @here: a CPU of another cache, of
 * another node, or that shares its core, has to have that much less to do, and so has @app.
 *
 * Those within FALCON_HYSTERESIS of the least count as equal, and the hash chooses.
 *
 * Context: any.
 * Return: the CPU, or FALCON_NO_CPU when the set has none but @here.
 */
u16 falcon_policy_choose(const struct falcon_choice *choice);

/* CPUs that one flow is processed on at once, at most. */
#define FALCON_WORKERS_MAX 8

/* The CPUs of a flow in lanes. */
struct falcon_spread {
	u16		workers[FALCON_WORKERS_MAX];
	unsigned int	count;		/* of workers; 0 when there is no CPU */
	u16		delivery;
};

/* A share so large that no other CPU is better: the flow keeps what is usable. */
#define FALCON_STAY 1000

/**
 * falcon_policy_spread() - the CPUs of a flow in lanes
 * @choice: see there; @avoid is not looked at
 * @workers: at most, 1 to FALCON_WORKERS_MAX
 * @own: a CPU of its own for the delivery, as long as a worker is left
 * @share: percent of a worker's time that the flow takes, or FALCON_STAY
 * @spread: result; before that, what the flow has, count 0 for a new one
 *
 * With policy hash, neighbours from a CPU that the hash tells. Otherwise a CPU that the flow has
 * is kept, unless it is above the threshold, or by auto not where it should be, and another one
 * would be below where it is now, the flow's share included. So a flow that alone fills a CPU
 * does not wander.
 *
 * Context: any.
 */
void falcon_policy_spread(const struct falcon_choice *choice, unsigned int workers, bool own,
			  unsigned int cpu_share, struct falcon_spread *spread);

/**
 * falcon_policy_workers() - how many workers a flow deserves
 * @choice: see there; @here is the CPU of the NIC's stage
 * @share: percent of a worker's time that the flow takes
 * @spread: what the flow has
 *
 * One more as long as that lowers the busiest CPU: a worker is busier than the NIC's CPU, or has
 * no idle time, much of that with this flow, and there is a CPU that would be less busy. One less
 * when its share of the others would be small even so.
 *
 * Context: any.
 * Return: 1 to FALCON_WORKERS_MAX, at most one off from what it has.
 */
unsigned int falcon_policy_workers(const struct falcon_choice *choice, unsigned int cpu_share,
				   const struct falcon_spread *spread);

/**
 * falcon_policy_is_elephant() - whether a flow is to go into lanes
 * @packets: of the flow, in some time
 * @limit: what elephant-rate means in that time
 * @loaded: the NIC's CPU is above load-threshold
 *
 * A CPU that many small flows load is relieved by those that are an eighth of that.
 *
 * Context: any.
 */
bool falcon_policy_is_elephant(u32 packets, u32 limit, bool loaded);

/**
 * falcon_policy_floor() - the rate below which a flow comes back
 * @limit: elephant-rate
 * @loaded: the NIC's CPU was above load-threshold when it went
 *
 * Half of what it went for, whatever the load is now: what was relieved would be loaded again.
 *
 * Context: any.
 * Return: packets per second.
 */
u32 falcon_policy_floor(u32 limit, bool loaded);

/* What a flow may have taken and not yet delivered: whichever is reached first. */
struct falcon_budget {
	u32	packets;	/* which are time that the next one waits */
	u32	bytes;		/* of memory */
};

/* Of one flow: some backlogs' full. Of most drivers a packet of 1,500 bytes takes 2 to 4 KiB. */
#define FALCON_BUDGET_PACKETS	8192U
#define FALCON_BUDGET_BYTES	(32U << 20)

/**
 * falcon_policy_budget() - what each flow in lanes may have in flight
 * @flows: in lanes
 *
 * So that all of them together hold no more than 16 flows may, or than two runs of each; 512 MiB.
 *
 * Context: any.
 */
struct falcon_budget falcon_policy_budget(unsigned int flows);

/**
 * falcon_policy_expect() - a flow comes to a CPU, or a sample of its load was taken
 * @expected: percent so far
 * @comes: a flow comes
 *
 * What a flow will bring is guessed, and forgotten by half with each sample, as the load shows it.
 *
 * Context: any.
 * Return: percent.
 */
unsigned int falcon_policy_expect(unsigned int expected, bool comes);

/**
 * falcon_policy_dwell() - how long a flow stays where the load has just put it
 * @hold: how long it had to stay before
 * @stayed: how long it did
 * @least: hold of a flow that was quiet, in the same unit
 *
 * Twice as long as before when it did not stay for much longer than it had to: flows that
 * push each other about come to rest, however the loads swing.
 *
 * Context: any.
 * Return: @least to 64 times that.
 */
unsigned long falcon_policy_dwell(unsigned long hold, unsigned long stayed, unsigned long least);

/**
 * falcon_policy_rehash() - the hash of a flow's second choice (FALCON, section 4.3)
 * @hash: hash of its first
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
 * falcon_policy_above() - whether a load is above a threshold, with hysteresis
 * @was: the answer last time
 * @load: percent
 * @threshold: percent; 100 is never reached
 *
 * Context: any.
 */
bool falcon_policy_above(bool was, unsigned int load, unsigned int threshold);

#endif /* _FALCON_POLICY_H */
