/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run to completion: packets of one flow are taken through GRO, IP, the tunnel and the bridge
 * in one go on this CPU, up to the container's device, which is the merge point. What came of
 * them is known when the call returns.
 */

#ifndef _FALCON_RUNNER_H
#define _FALCON_RUNNER_H

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <uapi/linux/falcon.h>

#include "core/chain.h"

struct falcon_gro;

/* Where packets are processed: one per lane, one per NIC's CPU. Never used twice at once. */
struct falcon_runner {
	struct napi_struct	outer;		/* GRO before the tunnel */
	struct napi_struct	inner;		/* GRO behind it */
	bool			gro;		/* the packets can be merged */
	bool			inner_used;
	bool			in_cell;	/* behind a tunnel's cell already */
	struct falcon_chain	nested;		/* what came to a cell from there */
	u8			merge_point;	/* enum falcon_merge_point, of the output */
	const struct net_device	*merge_dev;	/* of the output; compared only; see outlet.h */
	bool			watched;	/* somebody keeps a copy of some packet */
	struct net_device	*queue;		/* that had queued some; or NULL */
	struct net_device	*tunnel;	/* whose packets these are; or NULL */
	u8			headers;	/* length of the flow's, in bytes; 0: not known */
	u16			headroom;	/* of the packet, before the outermost of them */
	struct falcon_chain	output;
	unsigned int		behind;		/* packets that came up behind its delivery */
};

/* What a delivery was, besides its packets. */
struct falcon_delivered {
	unsigned int	behind;		/* packets that came up behind it, and are delivered, too */
	bool		forwarded;	/* some went to the backlog that may come there again */
};

/**
 * falcon_runner_init() - make the NAPI instances that GRO needs
 * @context: zeroed
 * @dev: dummy device to hang them on
 *
 * Context: process.
 */
void falcon_runner_init(struct falcon_runner *runner, struct net_device *dev);

/*
 * Take that back; nothing is in it between two calls. Context: process; a grace period must
 * pass before the memory goes.
 */
void falcon_runner_exit(struct falcon_runner *runner);

/**
 * falcon_runner_run() - process packets
 * @context: this CPU's; headers is the flow's
 * @packets: of one flow, as they came from the driver; moved from
 * @gro: merge them, if that can be
 *
 * Context: softirq. Result: in @context: output, merge, watched, headers.
 */
void falcon_runner_run(struct falcon_runner *runner, struct falcon_chain *packets, bool gro);

/**
 * falcon_runner_give_back() - process packets as the NIC's poll would have
 * @context: this CPU's
 * @packets: moved from
 *
 * Context: softirq.
 */
void falcon_runner_give_back(struct falcon_runner *runner, struct falcon_chain *packets);

/**
 * falcon_runner_pass() - process packets and deliver what comes of them, here and now
 * @context: this CPU's
 * @packets: of one flow; moved from
 * @gro: merge them, if that can be
 *
 * Context: softirq. Return: packets that there were.
 */
unsigned int falcon_runner_pass(struct falcon_runner *runner, struct falcon_chain *packets,
				bool gro);

/* What became of runs that were processed, in the counters. Context: softirq. */
void falcon_runner_count(unsigned int runs, unsigned int taken, unsigned int merged,
			 unsigned int held);

/* A packet in the NIC's poll that is not taken after all: GRO's own functions. */
gro_result_t falcon_runner_receive(struct falcon_gro *gro, struct sk_buff *skb);
gro_result_t falcon_runner_receive_frags(struct napi_struct *napi);

/**
 * falcon_runner_deliver() - hand merged packets to the container's stage
 * @packets: outputs, in order; moved from
 *
 * To completion as well: what goes on to another container comes up right behind, so that
 * nothing of it is in a queue of this CPU when the next packets of the flow are delivered on
 * another one. Answers are none of it: they go to the backlog, behind what is there.
 *
 * Context: softirq.
 */
struct falcon_delivered falcon_runner_deliver(struct falcon_chain *packets);

/**
 * falcon_runner_follow() - let a packet for this CPU's backlog come up right behind a delivery
 * @skb: the packet; taken when the answer is true
 *
 * Context: any. Return: whether this CPU delivers, and the packet goes on with what it delivers.
 */
bool falcon_runner_follow(struct sk_buff *skb);

/* For falcon_runner_active() and falcon_runner_delivers(). */
struct falcon_runner_delivery;
DECLARE_PER_CPU(struct falcon_runner *, falcon_runner_current);
DECLARE_PER_CPU(struct falcon_runner_delivery *, falcon_runner_delivering);

/* Whether this CPU is processing packets in a context. Context: any. */
static inline bool falcon_runner_active(void)
{
	/* An interrupt has packets of its own. */
	return unlikely(this_cpu_read(falcon_runner_current)) && !in_hardirq() && !in_nmi();
}

/* Whether this CPU is in falcon_runner_deliver(). Context: any. */
static inline bool falcon_runner_delivers(void)
{
	return unlikely(this_cpu_read(falcon_runner_delivering)) && !in_hardirq() && !in_nmi();
}

/* Whether it does what the NIC's poll would have. Context: BH. */
bool falcon_runner_gives_back(void);

/**
 * falcon_runner_transmit() - a veth is to transmit a packet, in a context or in delivery
 * @skb: the packet
 * @dev: the veth
 *
 * What it takes out of its queue, if it has one, may be another CPU's packet. So that is noted:
 * what the veth then hands to its peer is no output of a context, and follows no delivery.
 *
 * Context: softirq, RCU read section. Return: whether the veth has no queue.
 */
bool falcon_runner_transmit(const struct sk_buff *skb, struct net_device *dev);

/**
 * falcon_runner_merge() - a packet comes to a merge point
 * @skb: the packet; taken when the answer is true
 * @where: which merge point
 *
 * Context: any. Return: whether it was processed in a context, and is now in its output.
 */
bool falcon_runner_merge(struct sk_buff *skb, enum falcon_merge_point where);

/* The merge point that a packet of an output came to. */
static inline enum falcon_merge_point falcon_runner_merged_at(const struct sk_buff *skb)
{
	return skb->cb[0];
}

/* In place of a GRO cell, in a context or in delivery. Context: softirq. Return: NET_RX_. */
int falcon_runner_gro_cell(struct sk_buff *skb);

#endif /* _FALCON_RUNNER_H */
