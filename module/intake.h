/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets are taken from the NIC's poll into lanes, before GRO (FALCON's GRO split).
 *
 * What a poll brings of a flow is one run: it is collected on this CPU and handed over by a
 * NAPI instance of our own, the doorbell, which the kernel polls when the NIC's poll is over.
 * So the workers are woken once for a poll, and have something for GRO to merge.
 */

#ifndef _FALCON_INTAKE_H
#define _FALCON_INTAKE_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct falcon_elephant;
struct falcon_gro;
struct napi_struct;
struct net_device;

/* What becomes of a packet. */
enum falcon_intake_answer {
	FALCON_INTAKE_PASS,	/* stock's way */
	FALCON_INTAKE_TAKEN,
	FALCON_INTAKE_CLIMB,	/* its flow is to go into lanes: falcon_intake_climb() */
	FALCON_INTAKE_AHEAD,	/* taken, and to be processed at once: falcon_intake_go_ahead() */
};

int falcon_intakes_alloc(struct net_device *dummy);

/*
 * On return no doorbell is polled and no packet is collected any more. Packets that no poll has
 * handed over are dropped. Context: process.
 */
void falcon_intakes_stop(void);

void falcon_intakes_free(void);

/**
 * falcon_intake() - a packet comes from the NIC's poll
 * @gro: the NIC's GRO context
 * @skb: as the driver hands it to GRO; of no virtual device
 *
 * Context: BH, NIC's poll.
 */
enum falcon_intake_answer falcon_intake(struct falcon_gro *gro, struct sk_buff *skb);

/**
 * falcon_intake_climb() - after FALCON_INTAKE_CLIMB
 * @gro: the NIC's GRO context; what it holds goes first
 * @skb: the packet
 *
 * Context: BH, NIC's poll, in place of GRO's own function.
 * Return: whether the packet was taken; otherwise it goes stock's way.
 */
bool falcon_intake_climb(struct falcon_gro *gro, struct sk_buff *skb);

/*
 * After FALCON_INTAKE_AHEAD: the packet goes through all stages now, while those that GRO and
 * the queues of this CPU hold wait. Context: BH, NIC's poll, in place of GRO's own function.
 */
void falcon_intake_go_ahead(void);

/* The first two for napi_gro_frags(), whose packet is napi->skb, Ethernet header and all. */
enum falcon_intake_answer falcon_intake_frags(struct napi_struct *napi);
bool falcon_intake_climb_frags(struct napi_struct *napi);

/* Have this CPU see whether others stand still whose lanes have work. Context: process. */
void falcon_intake_look(void);

/* A flow has nothing in flight and leaves; its home CPU lets it go. Context: BH off. */
void falcon_intake_release(u16 cpu, struct falcon_elephant *elephant);

/* Whether a packet of a tunnel's flow has come since then, in jiffies. Context: process. */
bool falcon_intakes_saw(u32 since);

/*
 * Whether all has been handed over that was collected before the last call with @begin. Context:
 * process, one at a time.
 */
bool falcon_intakes_are_flushed(bool begin);

#endif /* _FALCON_INTAKE_H */
