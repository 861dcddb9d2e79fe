/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow in lanes, and how far up the flow table it is or may be. Everything is under its lock
 * unless it says otherwise.
 */

#ifndef _FALCON_FLOW_H
#define _FALCON_FLOW_H

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <uapi/linux/falcon.h>

#include "core/plan.h"
#include "flow/packet.h"
#include "host/backlog.h"
#include "lanes/affinity.h"
#include "lanes/merge_dev.h"
#include "lanes/path.h"
#include "lanes/reorder.h"
#include "lanes/ring.h"
#include "policy/trial.h"
#include "rules/priority.h"

struct falcon_lane;

enum falcon_admission {
	FALCON_ADMISSION_OPEN,
	FALCON_ADMISSION_GATED,	/* shut until the kernel's queues have drained */
	FALCON_ADMISSION_CLOSED, /* for good: when nothing is in flight the flow has left */
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
struct falcon_flow {
	struct rcu_head		rcu;
	refcount_t		refs;		/* flow table, and who collects packets for it */
	spinlock_t		lock;		/* BH; then a lane's or an ingress's */
	struct falcon_lane	*to_wake;	/* woken when the lock is given back */
	struct list_head	node;		/* in the flow list, while there is a reference */
	u32			hash;		/* constant */
	struct falcon_key	key;		/* constant */
	bool			host;		/* constant: came through no tunnel */
	bool			ruled;		/* constant: a rule has brought it, not its rate */
	bool			relieves;	/* constant: its home was loaded when it went up */
	u8			admission;	/* enum falcon_admission */
	bool			leaving;	/* is to come down, or has */
	bool			dead;		/* its packets take the kernel's path */
	bool			releasing;	/* in its home's list of those that leave */
	u16			home;		/* CPU whose NIC's poll brought the last packets */
	u32			generation;	/* of the plan that it follows */
	u8			reason;		/* enum falcon_reason */
	u8			headers;	/* falcon_runner's; a hint */
	struct falcon_priority	priority;	/* by the rules */
	u8			prio;		/* of that, in the lanes' queues */

	struct llist_head	inbox;		/* taken, not seen by a holder of the lock */
	atomic_t		posted;		/* what that weighs */
	struct falcon_chain	waiting;	/* taken, not in a run yet */
	struct falcon_reorder	reorder;

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
	u32			transitions;

	struct falcon_affinity	affinity ____cacheline_aligned_in_smp; /* workers and delivery */
	struct falcon_trial	trial;		/* on the NIC's CPU, before it has workers */
	struct falcon_path	path;		/* that its packets take */

	u8			delivery_state;	/* enum falcon_delivery_state */
	struct falcon_backlog_mark delivered;	/* the last delivery's end, on its CPU */
	u32			delivering;	/* packets being delivered */
	u32			delivering_bytes; /* their memory */
	struct llist_node	delivery_posted; /* on its way to the lane */
	struct list_head	delivery_node;	/* the lane's, while queued there */
	struct falcon_chain	ready;		/* merged, in order */

	unsigned long		watched;	/* jiffies until which somebody keeps copies */
	struct falcon_merge_dev	merge_dev;	/* devices that these, and the ring's, are for */
	struct falcon_ring	ring;		/* of the container's device */
	unsigned long		left;		/* jiffies since which it is leaving */

	/*
	 * Under the lock of the ingress that has the node in its list (ingress.c); while the flow
	 * is let go, its home's gate has it (release.c), and @releasing keeps others away.
	 */
	struct list_head	gate_node;
	u16			gate_cpu;	/* whose queues have to drain */
	bool			gate_in_cell;	/* and that is the cell, still */
	u32			gate_round;	/* of the gate, when the gate was shut */
	struct falcon_backlog_mark gate_mark;	/* when the cell had drained */
};

/* Whether each packet is to be handed over at once. Context: any. */
static inline bool falcon_flow_is_sync(const struct falcon_flow *flow)
{
	return READ_ONCE(flow->priority.sync);
}

/* Taken and not yet delivered, in packets. Context: under the lock. */
static inline u32 falcon_flow_in_flight(const struct falcon_flow *flow)
{
	return flow->waiting.count + flow->reorder.taken + flow->ready.count +
	       flow->delivering;
}

/* The memory of these, in bytes. Context: under the lock; without it, as of a moment ago. */
static inline u32 falcon_flow_memory(const struct falcon_flow *flow)
{
	return data_race(READ_ONCE(flow->waiting.bytes) + READ_ONCE(flow->reorder.bytes) +
			 READ_ONCE(flow->ready.bytes) +
			 READ_ONCE(flow->delivering_bytes));
}

/*
 * Whether runs of the flow may be on several CPUs at once: they are put in order again. What came
 * through no tunnel that falcon knows may be checked for its order before that, as ESP is.
 */
static inline bool falcon_flow_is_merged(const struct falcon_flow *flow)
{
	return falcon_trial_merges(&flow->trial) && !flow->host &&
	       !time_before(jiffies, flow->watched);
}

/*
 * Whether another CPU may do what a lane has of the flow: its packets are put in order again, and
 * delivered anywhere. As of a moment ago. Context: any.
 */
static inline bool falcon_flow_can_be_helped(const struct falcon_flow *flow)
{
	return data_race(falcon_flow_is_merged(flow)) && !READ_ONCE(flow->path.by_cpu);
}

/* Whether the flow is to go ahead on the NIC's CPU: by batches only while it is no elephant. */
bool falcon_flow_stays_home(const struct falcon_flow *flow, const struct falcon_plan *plan);

/* Whether its rate does not keep it up any more. */
bool falcon_flow_is_slow(const struct falcon_flow *flow, const struct falcon_plan *plan);

/* Whether no flow like this is to be in lanes. @plan: or NULL */
bool falcon_flow_is_unwanted(const struct falcon_flow *flow,
			     const struct falcon_plan *plan);

/* What keeps flows on the kernel's path that have the rate. Context: a plan that holds them. */
static inline enum falcon_reason falcon_flow_standby_reason(const struct falcon_plan *plan)
{
	return plan->standby == FALCON_A_COUNTERS_STANDBY ? FALCON_REASON_STANDBY :
							 FALCON_REASON_NO_CPU;
}

/* What keeps a flow that is not leaving from going further. */
enum falcon_reason falcon_flow_reason(const struct falcon_flow *flow);

/* Which rung it is on. */
enum falcon_flow_state falcon_flow_state_of(const struct falcon_flow *flow);

#endif /* _FALCON_FLOW_H */
