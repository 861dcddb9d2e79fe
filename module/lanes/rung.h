/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow in lanes, and how far up the ladder it is or may be. Everything is under its lock unless
 * it says otherwise.
 */

#ifndef _FALCON_RUNG_H
#define _FALCON_RUNG_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <uapi/linux/falcon.h>

#include "core/plan.h"
#include "flow/packet.h"
#include "host/backlog.h"
#include "lanes/merge.h"
#include "lanes/outlet.h"
#include "lanes/placement.h"
#include "lanes/ring.h"
#include "lanes/way.h"
#include "policy/trial.h"
#include "rules/priority.h"

struct falcon_lane;

enum falcon_gate {
	FALCON_GATE_OPEN,
	FALCON_GATE_UP,		/* shut until stock's queues have drained */
	FALCON_GATE_DOWN,	/* shut for ever: when nothing is in flight the flow has left */
};

enum falcon_delivery_state {
	FALCON_DELIVERY_IDLE,
	FALCON_DELIVERY_QUEUED,
	FALCON_DELIVERY_RUNNING,
};

/*
 * Everything under the lock but what is said to be constant, and the inbox: who brings packets
 * puts them there and does not wait for the lock; who has it sees to them before it is done.
 */
struct falcon_elephant {
	struct rcu_head		rcu;
	refcount_t		refs;		/* the ladder, and who collects packets for it */
	spinlock_t		lock;		/* BH; then a lane's or an intake's */
	struct falcon_lane	*rested;	/* to be woken when the lock is given back */
	struct list_head	node;		/* the ladder's, as long as there is a reference */
	u32			hash;		/* constant */
	struct falcon_key	key;		/* constant */
	bool			host;		/* constant: came through no tunnel */
	bool			ruled;		/* constant: a rule has brought it, not its rate */
	bool			relieves;	/* constant: its home was loaded when it went up */
	u8			gate;		/* enum falcon_gate */
	bool			leaving;	/* is to come down, or has */
	bool			dead;		/* off the ladder: packets go stock's way */
	bool			releasing;	/* in its home's list of those that leave */
	u16			home;		/* CPU whose NIC's poll brought the last packets */
	u32			generation;	/* of the plan that it follows */
	u8			limit;		/* enum falcon_limit */
	u8			headers;	/* falcon_context's; a hint */
	struct falcon_priority	priority;	/* by the rules */
	u8			class;		/* of that, in the lanes' queues */

	struct llist_head	inbox;		/* taken, not seen by a holder of the lock */
	atomic_t		posted;		/* what that weighs */
	struct falcon_chain	waiting;	/* taken, not in a run yet */
	struct falcon_merge	merge;

	/*
	 * Written when packets are taken and put into runs: by the NIC's CPU, by who had the lock
	 * when they came, or by who has made room in a full ring; and now and then, when the flow
	 * is reviewed or goes up or down. So they have a cache line apart from what is written with
	 * each run and delivery.
	 */
	u16			worker ____cacheline_aligned_in_smp; /* of the newest run */
	u16			turn;		/* index of the worker whose turn it is */
	u32			batch;		/* micro-flow that is open */
	u32			in_batch;	/* packets in it */
	bool			several;	/* rotates */
	u64			packets;
	unsigned long		used;		/* jiffies of the last packet */
	u64			rate_packets;	/* packets when the rate's interval began */
	unsigned long		rate_since;	/* jiffies of that */
	u32			rate;		/* packets per second, in the last interval */
	u32			steps;

	struct falcon_placement	placement ____cacheline_aligned_in_smp; /* workers and delivery */
	struct falcon_trial	trial;		/* on the NIC's CPU, before it has workers */
	struct falcon_way	way;		/* that its packets take */

	u8			delivery_state;	/* enum falcon_delivery_state */
	struct falcon_backlog_mark delivered;	/* the last delivery's end, on its CPU */
	u32			delivering;	/* packets being delivered */
	u32			delivering_bytes; /* their memory */
	struct llist_node	delivery_posted; /* on its way to the lane */
	struct list_head	delivery_node;	/* the lane's, while queued there */
	struct falcon_chain	ready;		/* merged, in order */

	unsigned long		watched;	/* jiffies until which somebody keeps copies */
	struct falcon_outlet	outlet;		/* devices that these, and the ring's, are for */
	struct falcon_ring	ring;		/* of the container's device */
	unsigned long		left;		/* jiffies since which it is leaving */

	/*
	 * Under the lock of the intake that has the node in its list (intake.c); while the flow is
	 * let go, its home's doorbell has it (release.c), and @releasing keeps others away.
	 */
	struct list_head	gate_node;
	u16			gate_cpu;	/* whose queues have to drain */
	bool			gate_in_cell;	/* and that is the cell, still */
	u32			gate_round;	/* of the doorbell, when the gate was shut */
	struct falcon_backlog_mark gate_mark;	/* when the cell had drained */
};

/* Whether each packet is to be handed over at once. Context: any. */
static inline bool falcon_elephant_is_sync(const struct falcon_elephant *elephant)
{
	return READ_ONCE(elephant->priority.sync);
}

/* Taken and not yet delivered, in packets. Context: under the lock. */
static inline u32 falcon_elephant_in_flight(const struct falcon_elephant *elephant)
{
	return elephant->waiting.count + elephant->merge.taken + elephant->ready.count +
	       elephant->delivering;
}

/* The memory of these, in bytes. Context: under the lock; without it, as of a moment ago. */
static inline u32 falcon_elephant_memory(const struct falcon_elephant *elephant)
{
	return data_race(READ_ONCE(elephant->waiting.bytes) + READ_ONCE(elephant->merge.bytes) +
			 READ_ONCE(elephant->ready.bytes) +
			 READ_ONCE(elephant->delivering_bytes));
}

/*
 * Whether runs of the flow may be on several CPUs at once: they are put in order again. What came
 * through no tunnel that falcon knows may be checked for its order before that, as ESP is.
 */
static inline bool falcon_rung_is_merged(const struct falcon_elephant *elephant)
{
	return falcon_trial_merges(&elephant->trial) && !elephant->host &&
	       !time_before(jiffies, elephant->watched);
}

/*
 * Whether another CPU may do what a lane has of the flow: its packets are put in order again, and
 * delivered anywhere. As of a moment ago. Context: any.
 */
static inline bool falcon_rung_can_be_helped(const struct falcon_elephant *elephant)
{
	return data_race(falcon_rung_is_merged(elephant)) && !READ_ONCE(elephant->way.by_cpu);
}

/* Whether the flow is to go ahead on the NIC's CPU: by batches only while it is no elephant. */
bool falcon_rung_stays_home(const struct falcon_elephant *elephant, const struct falcon_plan *plan);

/* Whether its rate does not keep it up any more. */
bool falcon_rung_is_slow(const struct falcon_elephant *elephant, const struct falcon_plan *plan);

/* Whether no flow like this is to be in lanes. @plan: or NULL */
bool falcon_rung_is_unwanted(const struct falcon_elephant *elephant,
			     const struct falcon_plan *plan);

/* What keeps flows on the kernel's path that have the rate. Context: a plan that holds them. */
static inline enum falcon_limit falcon_rung_limit_of(const struct falcon_plan *plan)
{
	return plan->hold == FALCON_A_COUNTERS_STANDBY ? FALCON_LIMIT_STANDBY :
							 FALCON_LIMIT_NO_CPU;
}

/* What keeps a flow that is not leaving from going further. */
enum falcon_limit falcon_rung_limit(const struct falcon_elephant *elephant);

/* Which rung it is on. */
enum falcon_rung falcon_rung_of(const struct falcon_elephant *elephant);

#endif /* _FALCON_RUNG_H */
