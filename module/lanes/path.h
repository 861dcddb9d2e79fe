/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The path of a flow's packets, as its runs show it: the merge point, the end on the host if there
 * is no merge point, and queues on the way.
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
	const struct net_device	*end;		/* device of the last packets at a merge point */
	const struct net_device	*queue;		/* may hold packets that came to none; or NULL */
	u8			merge_point;	/* enum falcon_merge_point */
	/*
	 * Set when a run has ended that did not come to a merge point. Its packets may be in the
	 * backlog of its CPU; until that is through with them, the flow must stay on that CPU.
	 */
	struct falcon_backlog_mark astray;
	bool			by_cpu;		/* the CPU decides which socket gets a packet */
	unsigned long		asked;		/* jiffies when by_cpu was last looked at */
};

/* Context: softirq, on the CPU of the NIC's poll. */
void falcon_path_init(struct falcon_path *path);

/* True if GRO may merge a packet; all others need not go through it. */
bool falcon_path_wants_gro(const struct falcon_key *key, bool host, const struct sk_buff *skb);

/**
 * falcon_path_has_come() - tell if a run came to a merge point
 * @runner: that has processed it
 * @nic: that it came from
 * @taken: packets of it
 *
 * Context: the softirq that has processed the run; so are those of the functions below.
 * Return: true if the run came to a merge point, and no part of it may come there later.
 */
bool falcon_path_has_come(const struct falcon_runner *runner, const struct net_device *nic,
			  unsigned int taken);

/**
 * falcon_path_ends_here() - tell if a flow without a merge point is in order on one CPU
 * @runner: that has processed a run of it
 * @nic: that the run came from
 * @key: the flow
 * @host: true if it came through no tunnel
 *
 * Return: true if the flow ends on the host itself, and nothing known on its path may put packets
 * aside.
 */
bool falcon_path_ends_here(const struct falcon_runner *runner, struct net_device *nic,
			   const struct falcon_key *key, bool host);

/* Look at by_cpu again, if it is time. Context: without the lock. */
void falcon_path_look(struct falcon_path *path, const struct falcon_runner *runner, u8 protocol);

/* Note where a run has ended. @came: falcon_path_has_come()'s answer */
void falcon_path_see(struct falcon_path *path, const struct falcon_runner *runner, bool came);

/**
 * falcon_path_has_calmed() - tell if a leaving flow can overtake none of its earlier packets
 * @path: the flow's
 * @since: jiffies since which the flow has been leaving
 *
 * Earlier packets may be in a backlog, or in the queue of a container's device. The timer of such a
 * queue stays on the CPU that started it until the queue is empty. Other flows may keep it from
 * getting empty, so waiting for it has a limit.
 *
 * Return: true if the flow may go on, on this CPU.
 */
bool falcon_path_has_calmed(struct falcon_path *path, unsigned long since);

/* True if packets that came to no merge point may be in the queue of a container's device. */
bool falcon_path_has_queue(const struct falcon_path *path);

#endif /* _FALCON_PATH_H */
