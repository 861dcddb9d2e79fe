/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow in lanes: its data, its state, and the tests that decide whether it may stay. Every
 * function needs the flow's lock unless its comment says otherwise.
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
#include "lanes/inbox.h"
#include "lanes/merge_dev.h"
#include "lanes/path.h"
#include "lanes/reorder.h"
#include "lanes/ring.h"
#include "policy/trial.h"
#include "rules/priority.h"

struct falcon_lane;

enum falcon_admission {
	FALCON_ADMISSION_OPEN,
	FALCON_ADMISSION_GATED,	/* packets wait until the kernel's queues have drained */
	FALCON_ADMISSION_CLOSED, /* for good: the flow is released once nothing is in flight */
};

enum falcon_delivery_state {
	FALCON_DELIVERY_IDLE,
	FALCON_DELIVERY_QUEUED,
	FALCON_DELIVERY_RUNNING,
};

/*
 * The lock protects all members but the constant ones, the inbox and the gate's. A CPU that brings
 * packets posts them to the inbox, and waits for the lock only if the flow is leaving. The holder
 * of the lock empties the inbox before it gives the lock back.
 */
struct falcon_flow {
	struct rcu_head		rcu;
	refcount_t		refs;		/* of the flow table, and of each current user */
	spinlock_t		lock;		/* BH; taken before gate.c's and merge_dev.c's */
	struct falcon_lane	*to_wake;	/* lanes to wake once the lock is given back */
	struct list_head	node;		/* in the flow list until its last reference goes */
	u32			hash;		/* constant */
	struct falcon_key	key;		/* constant */
	bool			host;		/* constant: came through no tunnel */
	bool			ruled;		/* constant: promoted by a rule, not by its rate */
	bool			relieves;	/* constant: promoted while its home was loaded */
	u8			admission;	/* enum falcon_admission */
	bool			leaving;	/* its demotion has begun, or is over */
	bool			dead;		/* released: new packets take the kernel's path */
	bool			releasing;	/* handed to its home's gate for the release */
	u16			home;		/* CPU whose NIC poll brought the newest packets */
	u32			generation;	/* of the plan that it follows */
	u8			reason;		/* enum falcon_reason */
	u8			headers;	/* their length, a hint for falcon_runner */
	struct falcon_priority	priority;	/* from the rules */
	u8			prio;		/* in the lanes' queues; follows @priority */

	struct falcon_inbox	inbox;		/* posted, not seen by a holder of the lock */
	struct falcon_chain	waiting;	/* taken, not in a run yet */
	struct falcon_reorder	reorder;

	/*
	 * Written when packets are taken and put into runs, and now and then by a review, a
	 * promotion or a demotion. The writer is the NIC's CPU, the holder of the lock when the
	 * packets came, or the CPU that made room in a full ring. So these members have cache lines
	 * apart from the members that every run and every delivery writes.
	 */
	u16			worker ____cacheline_aligned_in_smp; /* of the newest run */
	u16			turn;		/* index of the worker whose turn it is */
	u32			batch;		/* number of the open micro-flow */
	u32			in_batch;	/* packets in it */
	bool			several;	/* its workers take turns */
	u64			packets;
	unsigned long		used;		/* jiffies of the newest packet */
	u64			rate_packets;	/* @packets when the rate's interval began */
	unsigned long		rate_since;	/* jiffies when it began */
	u32			rate;		/* packets per second in the last interval */
	u32			transitions;

	struct falcon_affinity	affinity ____cacheline_aligned_in_smp; /* workers and delivery */
	struct falcon_trial	trial;		/* on the NIC's CPU, before it has workers */
	struct falcon_path	path;		/* of its packets, as its runs show it */

	u8			delivery_state;	/* enum falcon_delivery_state */
	struct falcon_backlog_mark delivered;	/* the backlog when the last delivery ended */
	u32			delivering;	/* packets in the delivery that runs */
	u32			delivering_bytes; /* their memory */
	struct llist_node	delivery_posted; /* on its way to a lane */
	struct list_head	delivery_node;	/* in a lane's queue */
	struct falcon_chain	ready;		/* merged, in order */

	unsigned long		watched;	/* jiffies until which it counts as watched */
	struct falcon_merge_dev	merge_dev;	/* device of @ready, and of the finished runs */
	struct falcon_ring	ring;		/* its part of the container device's ring */
	unsigned long		left;		/* jiffies when its demotion began */

	/*
	 * Protected by the lock of the gate that has @gate_node in a list (gate.c). During the
	 * release the poll of the home's gate owns them (release.c): @releasing keeps others away.
	 */
	struct list_head	gate_node;
	u16			gate_cpu;	/* CPU whose queues must drain */
	bool			gate_in_cell;	/* its GRO cell may not have drained yet */
	u32			gate_round;	/* of the gate when it was shut for the flow */
	struct falcon_backlog_mark gate_mark;	/* the backlog when the cell had drained */
};

/* True if each packet is a run of its own, handed over at once. Context: any. */
static inline bool falcon_flow_is_sync(const struct falcon_flow *flow)
{
	return READ_ONCE(flow->priority.sync);
}

/* Packets taken and not yet delivered, but for the inbox. Context: under the lock. */
static inline u32 falcon_flow_in_flight(const struct falcon_flow *flow)
{
	return flow->waiting.count + flow->reorder.taken + flow->ready.count +
	       flow->delivering;
}

/* Their memory in bytes. Context: any; without the lock the sum may be out of date. */
static inline u32 falcon_flow_memory(const struct falcon_flow *flow)
{
	return data_race(READ_ONCE(flow->waiting.bytes) + READ_ONCE(flow->reorder.bytes) +
			 READ_ONCE(flow->ready.bytes) +
			 READ_ONCE(flow->delivering_bytes));
}

/*
 * True if several CPUs may have runs of the flow at once, since a merge point puts them in order
 * again. False for a watched flow, whose observer sees packets before the merge. False for a host
 * flow, whose order may be checked before a merge point, as ESP's is.
 */
static inline bool falcon_flow_is_merged(const struct falcon_flow *flow)
{
	return falcon_trial_merges(&flow->trial) && !flow->host &&
	       !time_before(jiffies, flow->watched);
}

/*
 * True if another CPU may do a lane's work for the flow: its runs are merged, and any CPU may
 * deliver them. The answer may be out of date. Context: any.
 */
static inline bool falcon_flow_can_be_helped(const struct falcon_flow *flow)
{
	return data_race(falcon_flow_is_merged(flow)) && !READ_ONCE(flow->path.by_cpu);
}

/* True if a rule keeps the flow on the NIC's CPU; a rule by batch does below elephant-rate only. */
bool falcon_flow_stays_home(const struct falcon_flow *flow, const struct falcon_plan *plan);

/* True if the flow is too slow to stay in lanes; with a rule, if it has been idle for too long. */
bool falcon_flow_is_slow(const struct falcon_flow *flow, const struct falcon_plan *plan);

/* True if a flow of this kind must leave lanes. @plan: the plan, or NULL while disabled */
bool falcon_flow_is_unwanted(const struct falcon_flow *flow,
			     const struct falcon_plan *plan);

/* Why a plan in standby keeps fast flows on the kernel's path. Context: @plan->standby is set. */
static inline enum falcon_reason falcon_flow_standby_reason(const struct falcon_plan *plan)
{
	return plan->standby == FALCON_A_COUNTERS_STANDBY ? FALCON_REASON_STANDBY :
							 FALCON_REASON_NO_CPU;
}

/* Why a flow with several workers uses only one of them; or FALCON_REASON_NONE. */
enum falcon_reason falcon_flow_reason(const struct falcon_flow *flow);

/* The state that is shown to user space. */
enum falcon_flow_state falcon_flow_state_of(const struct falcon_flow *flow);

#endif /* _FALCON_FLOW_H */
