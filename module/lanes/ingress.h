/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ingress takes packets out of the NIC's poll into lanes, before GRO (FALCON's GRO split).
 *
 * The packets of a flow that one poll brings make one run. They are collected on this CPU and
 * handed over by the gate, a NAPI instance of falcon's that the kernel polls when the NIC's poll is
 * over. So a poll wakes the workers once, and gives GRO several packets to merge.
 */

#ifndef _FALCON_INGRESS_H
#define _FALCON_INGRESS_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct falcon_gro;
struct napi_struct;
struct net_device;

/* The answer for a packet. */
enum falcon_ingress_answer {
	FALCON_INGRESS_PASS,	/* it takes the kernel's path */
	FALCON_INGRESS_TAKEN,
	FALCON_INGRESS_PROMOTE,	/* its flow is due for lanes: call falcon_ingress_promote() */
	FALCON_INGRESS_AHEAD,	/* taken, and due at once: call falcon_ingress_go_ahead() */
};

int falcon_ingress_alloc(struct net_device *dummy);

/*
 * On return no gate is polled, and no packet is collected any more. Context: process. Return: the
 * number of packets that were dropped.
 */
unsigned int falcon_ingress_stop(void);

/*
 * Drop the packets of flows that had left lanes when another CPU brought them: nobody else has
 * these flows. Context: process, stopped. Return: the number of packets.
 */
unsigned int falcon_ingress_drop(void);

/* Context: process, stopped, without flows. */
void falcon_ingress_free(void);

/**
 * falcon_ingress() - decide about a packet of the NIC's poll, and take it if it is for lanes
 * @gro: the NIC's GRO context
 * @skb: as the driver hands it to GRO; not from a virtual device
 *
 * Context: BH, NIC's poll.
 */
enum falcon_ingress_answer falcon_ingress(struct falcon_gro *gro, struct sk_buff *skb);

/**
 * falcon_ingress_promote() - promote a packet's flow, after FALCON_INGRESS_PROMOTE
 * @gro: the NIC's GRO context, which is flushed first
 * @skb: the packet
 *
 * Context: BH, NIC's poll, in place of GRO's own function.
 * Return: true if the packet was taken; otherwise it takes the kernel's path.
 */
bool falcon_ingress_promote(struct falcon_gro *gro, struct sk_buff *skb);

/*
 * After FALCON_INGRESS_AHEAD: take the packet through all stages now, ahead of the packets in GRO
 * and in this CPU's queues. Context: BH, NIC's poll, in place of GRO's own function.
 */
void falcon_ingress_go_ahead(void);

/* The first two for napi_gro_frags(), whose packet is napi->skb with its Ethernet header. */
enum falcon_ingress_answer falcon_ingress_frags(struct napi_struct *napi);
bool falcon_ingress_promote_frags(struct napi_struct *napi);

/* True if a packet of a tunnel's flow has come since @since, in jiffies. Context: process. */
bool falcon_ingress_saw(u32 since);

#endif /* _FALCON_INGRESS_H */
