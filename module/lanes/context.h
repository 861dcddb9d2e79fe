/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run to completion: packets of one flow are taken through GRO, IP, the tunnel and the bridge
 * in one go on this CPU, up to the container's device, which is the merge point. What came of
 * them is known when the call returns.
 */

#ifndef _FALCON_CONTEXT_H
#define _FALCON_CONTEXT_H

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <uapi/linux/falcon.h>

#include "core/chain.h"

struct falcon_gro;

/* Where packets are processed: one per lane, one per NIC's CPU. Never used twice at once. */
struct falcon_context {
	struct napi_struct	outer;		/* GRO before the tunnel */
	struct napi_struct	inner;		/* GRO behind it */
	bool			gro;		/* the packets can be merged */
	bool			inner_used;
	bool			in_cell;	/* behind a tunnel's cell already */
	struct falcon_chain	nested;		/* what came to a cell from there */
	u8			merge;		/* enum falcon_merge_point, of the output */
	const struct net_device	*outlet;	/* of the output; compared only; see outlet.h */
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
 * falcon_context_init() - make the NAPI instances that GRO needs
 * @context: zeroed
 * @dev: dummy device to hang them on
 *
 * Context: process.
 */
void falcon_context_init(struct falcon_context *context, struct net_device *dev);

/*
 * Take that back; nothing is in it between two calls. Context: process; a grace period must
 * pass before the memory goes.
 */
void falcon_context_exit(struct falcon_context *context);

/**
 * falcon_context_run() - process packets
 * @context: this CPU's; headers is the flow's
 * @packets: of one flow, as they came from the driver; moved from
 * @gro: merge them, if that can be
 *
 * Context: softirq. Result: in @context: output, merge, watched, headers.
 */
void falcon_context_run(struct falcon_context *context, struct falcon_chain *packets, bool gro);

/**
 * falcon_context_stock() - process packets as the NIC's poll would have
 * @context: this CPU's
 * @packets: moved from
 *
 * Context: softirq.
 */
void falcon_context_stock(struct falcon_context *context, struct falcon_chain *packets);

/**
 * falcon_context_pass() - process packets and deliver what comes of them, here and now
 * @context: this CPU's
 * @packets: of one flow; moved from
 * @gro: merge them, if that can be
 *
 * Context: softirq. Return: packets that there were.
 */
unsigned int falcon_context_pass(struct falcon_context *context, struct falcon_chain *packets,
				 bool gro);

/* What became of runs that were processed, in the counters. Context: softirq. */
void falcon_context_count(unsigned int runs, unsigned int taken, unsigned int merged,
			  unsigned int held);

/* A packet in the NIC's poll that is not taken after all: GRO's own functions. */
gro_result_t falcon_context_receive(struct falcon_gro *gro, struct sk_buff *skb);
gro_result_t falcon_context_receive_frags(struct napi_struct *napi);

/**
 * falcon_context_deliver() - hand merged packets to the container's stage
 * @packets: outputs, in order; moved from
 *
 * To completion as well: what goes on to another container comes up right behind, so that
 * nothing of it is in a queue of this CPU when the next packets of the flow are delivered on
 * another one. Answers are none of it: they go to the backlog, behind what is there.
 *
 * Context: softirq.
 */
struct falcon_delivered falcon_context_deliver(struct falcon_chain *packets);

/**
 * falcon_context_follow() - let a packet for this CPU's backlog come up right behind a delivery
 * @skb: the packet; taken when the answer is true
 *
 * Context: any. Return: whether this CPU delivers, and the packet goes on with what it delivers.
 */
bool falcon_context_follow(struct sk_buff *skb);

/* For falcon_context_active() and falcon_context_delivers(). */
struct falcon_context_delivery;
DECLARE_PER_CPU(struct falcon_context *, falcon_context_current);
DECLARE_PER_CPU(struct falcon_context_delivery *, falcon_context_delivering);

/* Whether this CPU is processing packets in a context. Context: any. */
static inline bool falcon_context_active(void)
{
	/* An interrupt has packets of its own. */
	return unlikely(this_cpu_read(falcon_context_current)) && !in_hardirq() && !in_nmi();
}

/* Whether this CPU is in falcon_context_deliver(). Context: any. */
static inline bool falcon_context_delivers(void)
{
	return unlikely(this_cpu_read(falcon_context_delivering)) && !in_hardirq() && !in_nmi();
}

/* Whether it does what the NIC's poll would have. Context: BH. */
bool falcon_context_is_stock(void);

/**
 * falcon_context_transmit() - a veth is to transmit a packet, in a context or in delivery
 * @skb: the packet
 * @dev: the veth
 *
 * What it takes out of its queue, if it has one, may be another CPU's packet. So that is noted:
 * what the veth then hands to its peer is no output of a context, and follows no delivery.
 *
 * Context: softirq, RCU read section. Return: whether the veth has no queue.
 */
bool falcon_context_transmit(const struct sk_buff *skb, struct net_device *dev);

/**
 * falcon_context_merge() - a packet comes to a merge point
 * @skb: the packet; taken when the answer is true
 * @where: which merge point
 *
 * Context: any. Return: whether it was processed in a context, and is now in its output.
 */
bool falcon_context_merge(struct sk_buff *skb, enum falcon_merge_point where);

/* The merge point that a packet of an output came to. */
static inline enum falcon_merge_point falcon_context_merged_at(const struct sk_buff *skb)
{
	return skb->cb[0];
}

/* In place of a GRO cell, in a context or in delivery. Context: softirq. Return: NET_RX_. */
int falcon_context_cell(struct sk_buff *skb);

#endif /* _FALCON_CONTEXT_H */
