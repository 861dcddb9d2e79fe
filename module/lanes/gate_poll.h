/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the poll of a CPU's gate has to do behind the NIC's poll: hand over collected packets, help
 * lanes whose CPUs stand still, let flows in, release flows that leave, give strays back.
 *
 * The CPU of the gate alone touches it, with BH off; a CPU that stands in for an offline one, too.
 */

#ifndef _FALCON_GATE_POLL_H
#define _FALCON_GATE_POLL_H

#include <linux/types.h>

#include "lanes/bins.h"
#include "lanes/release.h"
#include "lanes/runner.h"

struct falcon_gate;
struct napi_struct;
struct net_device;

struct falcon_gate_poll {
	struct falcon_bins	bins;		/* packets of the NIC's poll */
	struct falcon_gate	*gate;
	struct falcon_releases	releases;
	u64			helped;		/* local_clock() when no lane needed help */
	struct falcon_runner	runner;		/* also for packets that go ahead */
};

/* Context: process, before any poll. @dummy: for the runner's NAPI instances */
void falcon_gate_poll_init(struct falcon_gate_poll *poll, struct falcon_gate *gate,
			   struct net_device *dummy);

/* The poll function of the gates; see struct falcon_gate's @poll. Context: softirq. */
int falcon_gate_poll_run(struct napi_struct *napi, int budget);

/*
 * Drop packets that no poll has handed over. Context: process, the gates are disabled. Return: the
 * number of packets.
 */
unsigned int falcon_gate_poll_stop(struct falcon_gate_poll *poll);

/*
 * Drop the packets of flows that had left lanes when another CPU brought them: nobody else has
 * these flows. Context: process, stopped. Return: the number of packets.
 */
unsigned int falcon_gate_poll_drop(struct falcon_gate_poll *poll);

/* Context: process, stopped; a grace period must pass before the memory goes. */
void falcon_gate_poll_exit(struct falcon_gate_poll *poll);

#endif /* _FALCON_GATE_POLL_H */
