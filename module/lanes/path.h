/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a flow's runs show of the way that its packets take: where they come together, where they
 * end, and what they may have met on it.
 */

#ifndef _FALCON_PATH_H
#define _FALCON_PATH_H

#include <linux/netdevice.h>
#include <linux/types.h>

#include "flow/packet.h"
#include "host/backlog.h"
#include "lanes/runner.h"

/* Under the lock of the flow. Devices are compared only. */
struct falcon_path {
	const struct net_device	*end;		/* at which its packets came together last */
	const struct net_device	*queue;		/* in whose queue those that did not may be */
	u8			merge_point;	/* enum falcon_merge_point */
	/*
	 * The end of the last run that did not come together, on its CPU. Until what that left in
	 * the backlog is through, the flow's next packets must not be on another one.
	 */
	struct falcon_backlog_mark astray;
	bool			by_cpu;		/* which socket gets them, the CPU says */
	unsigned long		asked;		/* jiffies when it was looked whether that is so */
};

/* Context: softirq, on the CPU of the NIC's poll. */
void falcon_path_init(struct falcon_path *path);

/* Whether GRO may merge a packet. What it cannot merge need not see it. */
bool falcon_path_wants_gro(const struct falcon_key *key, bool host, const struct sk_buff *skb);

/**
 * falcon_path_has_come() - whether a run came to a merge point, as far as it matters
 * @context: that it was processed in
 * @nic: that it came from
 * @taken: packets of it
 *
 * Context: softirq, the same as that of the run, as in what follows.
 */
bool falcon_path_has_come(const struct falcon_runner *runner, const struct net_device *nic,
			  unsigned int taken);

/**
 * falcon_path_ends_here() - whether a flow without merge point is in order on one CPU
 * @context: that a run was processed in
 * @nic: that it came from
 * @key: the flow
 * @host: whether it came through no tunnel
 *
 * Return: whether it ends on the host itself, and nothing that is known on its way may put packets
 * aside.
 */
bool falcon_path_ends_here(const struct falcon_runner *runner, struct net_device *nic,
			   const struct falcon_key *key, bool host);

/* Whether the socket is chosen by the CPU is looked at now and then. Context: without the lock. */
void falcon_path_look(struct falcon_path *path, const struct falcon_runner *runner, u8 protocol);

/* A run has ended. @came: falcon_path_has_come()'s */
void falcon_path_see(struct falcon_path *path, const struct falcon_runner *runner, bool came);

/**
 * falcon_path_has_calmed() - whether a flow that leaves cannot overtake what is still on its way
 * @way: the flow's
 * @since: jiffies since which it is leaving
 *
 * In a backlog, or in the queue of a container's device, whose timer stays on the CPU that started
 * it until the queue is empty. As others may keep it from that, there is an end to the waiting.
 */
bool falcon_path_has_calmed(struct falcon_path *path, unsigned long since);

/* Whether the packets that did not come together may be in a queue of a container's device. */
bool falcon_path_has_queue(const struct falcon_path *path);

#endif /* _FALCON_PATH_H */
