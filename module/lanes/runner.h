/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run to completion: a runner takes packets of one flow through GRO, IP, the tunnel and the bridge
 * in one go on this CPU, up to the container's device, which is the merge point. When the call
 * returns, the runner has the whole output.
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

/* One per lane and one per CPU's ingress. A runner processes one chain of packets at a time. */
struct falcon_runner {
	struct napi_struct	outer;		/* GRO before the tunnel */
	struct napi_struct	inner;		/* GRO behind the tunnel */
	bool			gro;		/* the packets can be merged */
	bool			inner_used;	/* @inner may hold packets */
	bool			in_cell;	/* behind a tunnel's GRO cell already */
	struct falcon_chain	nested;		/* packets that came to another cell from there */
	u8			merge_point;	/* enum falcon_merge_point, of the output */
	const struct net_device	*merge_dev;	/* of the output; compared only; see merge_dev.h */
	bool			watched;	/* somebody keeps a copy of some packet */
	struct net_device	*queue;		/* that has queued some packet; or NULL */
	struct net_device	*tunnel;	/* that the packets came through; or NULL */
	u8			headers;	/* bytes of the flow's headers; 0: unknown */
	u16			headroom;	/* of the packet, before its outermost header */
	struct falcon_chain	output;		/* packets that came to a merge point */
	unsigned int		behind;		/* packets that came up behind its delivery */
};

/* What happened besides the delivery of the packets themselves. */
struct falcon_delivered {
	unsigned int	behind;		/* packets that came up behind and were processed, too */
	bool		forwarded;	/* the backlog got some that may come there again */
};

/**
 * falcon_runner_init() - add the NAPI instances that GRO needs
 * @runner: zeroed
 * @dev: dummy device that they belong to
 *
 * Context: process.
 */
void falcon_runner_init(struct falcon_runner *runner, struct net_device *dev);

/*
 * Remove the NAPI instances; between two calls a runner holds no packet. Context: process. A grace
 * period must pass before the memory is freed.
 */
void falcon_runner_exit(struct falcon_runner *runner);

/**
 * falcon_runner_run() - process packets
 * @runner: this CPU's; @headers is the flow's
 * @packets: of one flow, as they came from the driver; moved from
 * @gro: merge them, where possible
 *
 * Context: softirq. Result: output, merge_point, merge_dev, watched, queue, tunnel and headers of
 * @runner.
 */
void falcon_runner_run(struct falcon_runner *runner, struct falcon_chain *packets, bool gro);

/**
 * falcon_runner_give_back() - give packets to the kernel's path, as the NIC's poll would have
 * @runner: this CPU's
 * @packets: moved from
 *
 * Context: softirq.
 */
void falcon_runner_give_back(struct falcon_runner *runner, struct falcon_chain *packets);

/**
 * falcon_runner_pass() - process packets and deliver their output, here and now
 * @runner: this CPU's
 * @packets: of one flow; moved from
 * @gro: merge them, where possible
 *
 * Context: softirq. Return: packets processed.
 */
unsigned int falcon_runner_pass(struct falcon_runner *runner, struct falcon_chain *packets,
				bool gro);

/* Count the outcome of processed runs. Context: softirq. */
void falcon_runner_count(unsigned int runs, unsigned int taken, unsigned int merged,
			 unsigned int held);

/* Give a packet in the NIC's poll, which is not taken after all, to GRO's own functions. */
gro_result_t falcon_runner_receive(struct falcon_gro *gro, struct sk_buff *skb);
gro_result_t falcon_runner_receive_frags(struct napi_struct *napi);

/**
 * falcon_runner_deliver() - hand merged packets to the container's stage
 * @packets: outputs, in order; moved from
 *
 * Delivery runs to completion, too. Packets that go on to another container come up right behind:
 * none of them is in a queue of this CPU when the flow's next packets are delivered on another.
 * Answers are other flows. They go to this CPU's backlog, behind its packets.
 *
 * Context: softirq.
 */
struct falcon_delivered falcon_runner_deliver(struct falcon_chain *packets);

/**
 * falcon_runner_follow() - let a packet for this CPU's backlog come up right behind a delivery
 * @skb: the packet; taken if the function returns true
 *
 * Context: any. Return: true if this CPU delivers, and the packet comes of the delivered ones.
 */
bool falcon_runner_follow(struct sk_buff *skb);

/* For falcon_runner_active() and falcon_runner_delivers(). */
struct falcon_runner_delivery;
DECLARE_PER_CPU(struct falcon_runner *, falcon_runner_current);
DECLARE_PER_CPU(struct falcon_runner_delivery *, falcon_runner_delivering);

/* True if a runner processes packets on this CPU. Context: any. */
static inline bool falcon_runner_active(void)
{
	/* A hard interrupt has packets of its own. */
	return unlikely(this_cpu_read(falcon_runner_current)) && !in_hardirq() && !in_nmi();
}

/* True if this CPU is in falcon_runner_deliver(). Context: any. */
static inline bool falcon_runner_delivers(void)
{
	return unlikely(this_cpu_read(falcon_runner_delivering)) && !in_hardirq() && !in_nmi();
}

/* True if this CPU gives packets to the kernel's path, so GRO must take them. Context: BH off. */
bool falcon_runner_gives_back(void);

/**
 * falcon_runner_transmit() - note that a veth transmits a packet, for a runner or in delivery
 * @skb: the packet
 * @dev: the veth
 *
 * A veth with a queueing discipline may transmit another CPU's packet. So packets that it then
 * hands to its peer are no output of a runner, and follow no delivery.
 *
 * Context: softirq, RCU read section. Return: true if the veth has no queue.
 */
bool falcon_runner_transmit(const struct sk_buff *skb, struct net_device *dev);

/**
 * falcon_runner_merge() - take a packet at a merge point
 * @skb: the packet; taken if the function returns true
 * @where: which merge point
 *
 * Context: any. Return: true if the packet is of the run that a runner processes on this CPU; it is
 * in the output now, or was dropped because that is full.
 */
bool falcon_runner_merge(struct sk_buff *skb, enum falcon_merge_point where);

/* The merge point of a packet in an output. */
static inline enum falcon_merge_point falcon_runner_merged_at(const struct sk_buff *skb)
{
	return skb->cb[0];
}

/*
 * Take a packet in place of a GRO cell, for a runner or in delivery. Context: softirq.
 * Return: NET_RX_SUCCESS.
 */
int falcon_runner_gro_cell(struct sk_buff *skb);

#endif /* _FALCON_RUNNER_H */
