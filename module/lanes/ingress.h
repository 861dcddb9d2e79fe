/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets are taken from the NIC's poll into lanes, before GRO (FALCON's GRO split).
 *
 * What a poll brings of a flow is one run: it is collected on this CPU and handed over by a
 * NAPI instance of our own, the gate, which the kernel polls when the NIC's poll is over.
 * So the workers are woken once for a poll, and have something for GRO to merge.
 */

#ifndef _FALCON_INGRESS_H
#define _FALCON_INGRESS_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct falcon_gro;
struct napi_struct;
struct net_device;

/* What becomes of a packet. */
enum falcon_ingress_answer {
	FALCON_INGRESS_PASS,	/* the kernel's path */
	FALCON_INGRESS_TAKEN,
	FALCON_INGRESS_PROMOTE,	/* its flow is to go into lanes: falcon_ingress_promote() */
	FALCON_INGRESS_AHEAD,	/* taken, and to be processed at once: falcon_ingress_go_ahead() */
};

int falcon_ingress_alloc(struct net_device *dummy);

/* No gate is answered any more, nothing is collected. Context: process. */
void falcon_ingress_stop(void);

void falcon_ingress_free(void);

/**
 * falcon_ingress() - a packet comes from the NIC's poll
 * @gro: the NIC's GRO context
 * @skb: as the driver hands it to GRO; of no virtual device
 *
 * Context: BH, NIC's poll.
 */
enum falcon_ingress_answer falcon_ingress(struct falcon_gro *gro, struct sk_buff *skb);

/**
 * falcon_ingress_promote() - after FALCON_INGRESS_PROMOTE
 * @gro: the NIC's GRO context; what it holds goes first
 * @skb: the packet
 *
 * Context: BH, NIC's poll, in place of GRO's own function.
 * Return: whether the packet was taken; otherwise it goes the kernel's path.
 */
bool falcon_ingress_promote(struct falcon_gro *gro, struct sk_buff *skb);

/*
 * After FALCON_INGRESS_AHEAD: the packet goes through all stages now, while those that GRO and
 * the queues of this CPU hold wait. Context: BH, NIC's poll, in place of GRO's own function.
 */
void falcon_ingress_go_ahead(void);

/* The first two for napi_gro_frags(), whose packet is napi->skb, Ethernet header and all. */
enum falcon_ingress_answer falcon_ingress_frags(struct napi_struct *napi);
bool falcon_ingress_promote_frags(struct napi_struct *napi);

/* Whether a packet of a tunnel's flow has come since then, in jiffies. Context: process. */
bool falcon_ingress_saw(u32 since);

#endif /* _FALCON_INGRESS_H */
