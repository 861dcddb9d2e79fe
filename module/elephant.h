/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow in lanes: its packets from the NIC's poll to their delivery.
 *
 *	take ─► waiting ─► runs of the ring, each queued to a worker's lane ─► ready ─► delivery
 *
 * Only one CPU at a time delivers, and a run is released only when those before it are, so
 * the order is that in which packets were taken, whichever CPUs do the work, and may change
 * at any run (workers) or delivery (who delivers, as long as it is one at a time).
 */

#ifndef _FALCON_ELEPHANT_H
#define _FALCON_ELEPHANT_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <uapi/linux/falcon.h>

#include "backlog.h"
#include "merge.h"
#include "outlet.h"
#include "packet.h"
#include "placement.h"
#include "plan.h"
#include "priority.h"
#include "ring.h"
#include "trial.h"
#include "way.h"

struct falcon_context;
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

/**
 * falcon_elephant_init() - a flow that is about to go up, its gate shut
 * @elephant: zeroed
 * @plan: the plan
 * @hash: of the flow
 * @key: the flow
 * @host: whether it came through no tunnel
 * @priority: by the rules
 *
 * Context: softirq, on the CPU of the NIC's poll.
 * Return: false when the plan has no CPU for it.
 */
bool falcon_elephant_init(struct falcon_elephant *elephant, const struct falcon_plan *plan,
			  u32 hash, const struct falcon_key *key, bool host,
			  const struct falcon_priority *priority);

/* What the rules say of the flow now. Context: BH off. Return: false when somebody has the flow. */
bool falcon_elephant_prioritise(struct falcon_elephant *elephant,
				const struct falcon_priority *priority);

/* Whether each packet is to be handed over at once. Context: any. */
static inline bool falcon_elephant_is_sync(const struct falcon_elephant *elephant)
{
	return READ_ONCE(elephant->priority.sync);
}

/**
 * falcon_elephant_take() - packets from the NIC's poll
 * @elephant: the flow
 * @packets: moved from, unless the answer is false
 * @context: this CPU's, for what has to be processed here; NULL: not now
 *
 * Context: softirq. Return: false when the flow has left: the packets go stock's way.
 */
bool falcon_elephant_take(struct falcon_elephant *elephant, struct falcon_chain *packets,
			  struct falcon_context *context);

/**
 * falcon_elephant_process() - the worker's part
 * @elephant: the flow
 * @first: number of a run that was queued for this CPU
 * @count: runs in a row
 * @context: this CPU's
 *
 * Context: softirq. Return: packets.
 */
unsigned int falcon_elephant_process(struct falcon_elephant *elephant, u32 first,
				     unsigned int count, struct falcon_context *context);

/**
 * falcon_elephant_deliver() - the delivery's part
 * @elephant: a flow that was queued for delivery
 * @budget: packets at most
 *
 * Context: softirq. Return: packets, or -EAGAIN: it is still queued, for when the ring of the
 * container's device has room.
 */
int falcon_elephant_deliver(struct falcon_elephant *elephant, unsigned int budget);

/* Stock's queues are empty of it: its packets go to the workers. Context: softirq. */
void falcon_elephant_open(struct falcon_elephant *elephant);

/**
 * falcon_elephant_leave() - bring the flow down, once nothing is in flight
 * @elephant: the flow
 * @limit: why
 *
 * Context: BH off.
 */
void falcon_elephant_leave(struct falcon_elephant *elephant, enum falcon_limit limit);

/* What came of a flow's last step down. */
enum falcon_release {
	FALCON_RELEASE_LEFT,	/* it has left just now */
	FALCON_RELEASE_EMPTIED,	/* it had before, and another CPU brought packets meanwhile */
	FALCON_RELEASE_MORE,	/* more wait than one go takes: they can go on at once */
	FALCON_RELEASE_WAITS,	/* for what is before them on another CPU, or in a device's queue */
};

/**
 * falcon_elephant_release() - the last step down
 * @elephant: a flow with nothing in flight
 * @context: this CPU's, where those that waited are processed
 *
 * Context: softirq, on the home CPU.
 */
enum falcon_release falcon_elephant_release(struct falcon_elephant *elephant,
					    struct falcon_context *context);

/**
 * falcon_elephant_review() - what is done now and then: the rate, whether to leave, and whether
 * another CPU, or one more or less, would be better
 * @elephant: the flow
 * @plan: the plan, or NULL
 *
 * Context: BH off.
 */
void falcon_elephant_review(struct falcon_elephant *elephant, const struct falcon_plan *plan);

/*
 * Look into a flow from outside; its inbox is empty then. For a moment: who brings packets, and the
 * workers, need the lock. Context: process, with a reference.
 */
void falcon_elephant_lock(struct falcon_elephant *elephant) __acquires(&elephant->lock);
void falcon_elephant_unlock(struct falcon_elephant *elephant) __releases(&elephant->lock);

/* Drop everything; nothing may run any more. Return: packets. Context: process. */
unsigned int falcon_elephant_purge(struct falcon_elephant *elephant);

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

#endif /* _FALCON_ELEPHANT_H */
