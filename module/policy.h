/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which CPU a stage of a flow gets, and when the host is too busy to spread anything. Pure
 * functions of their arguments, compiled into the unit tests as they are.
 */

#ifndef _FALCON_POLICY_H
#define _FALCON_POLICY_H

#include <linux/types.h>

/* The answer "no CPU of the set will do: stay". */
#define FALCON_NO_CPU 0xffff

/* Percentage points below a threshold at which being above it ends. */
#define FALCON_HYSTERESIS 10

/**
 * struct falcon_choice - what a choice is made from
 * @cpus: CPUs that may be chosen, ascending
 * @count: how many
 * @hash: of flow and device; the same hash gets the same CPU as long as nothing else changes
 * @here: CPU that runs the stage before, never chosen
 * @avoid: CPUs of the flow's other stages, FALCON_NO_CPU for none, chosen only when there
 *	is no other
 */
struct falcon_choice {
	const u16	*cpus;
	unsigned int	count;
	u32		hash;
	u16		here;
	u16		avoid[2];
};

/**
 * falcon_policy_choose() - a CPU for a stage of a flow
 * @choice: see there
 *
 * FALCON's get_falcon_cpu() takes cpus[hash mod count], so that two stages in a row share a
 * CPU once in count; here they never do while there is another.
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

/**
 * falcon_policy_spread() - the CPUs of a flow in lanes
 * @choice: see there; @avoid is not looked at
 * @workers: at most, 1 to FALCON_WORKERS_MAX
 * @own: a CPU of its own for the delivery, as long as a worker is left
 * @spread: result
 *
 * Context: any.
 */
void falcon_policy_spread(const struct falcon_choice *choice, unsigned int workers, bool own,
			  struct falcon_spread *spread);

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
