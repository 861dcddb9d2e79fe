/* SPDX-License-Identifier: GPL-2.0 */
/* A packet as the NIC's driver hands it to GRO, and the flow that it belongs to. */

#ifndef _FALCON_ARRIVAL_H
#define _FALCON_ARRIVAL_H

#include <linux/skbuff.h>

#include "core/plan.h"
#include "flow/flow_cache.h"
#include "flow/key.h"
#include "flow/packet.h"
#include "rules/rule.h"

struct falcon_gro;
struct napi_struct;

/*
 * Deliberately uninitialised, by the compiler as well: clearing it would cost more than the rest of
 * the work on most packets. A field is read only after it was written.
 */
struct falcon_arrival {
	struct falcon_gro	*gro;	/* the NIC's */
	struct napi_struct	*frags;	/* for napi_gro_frags(), whose skb it is; or NULL */
	const struct falcon_plan *plan;
	u32			hash;	/* of the flow */
	bool			known;	/* by the cache: then @quick and all below are not valid */
	bool			whole;	/* not a later fragment, so the key is the flow's */
	bool			quick;	/* the key is in @tuple, otherwise in @packet */
	bool			host;	/* came through no tunnel */
	struct falcon_tuple	tuple;
	struct falcon_packet	packet;
};

/**
 * falcon_arrival_identify() - find the flow of a packet
 * @arrival: gro, frags and plan are given, the rest is the result
 * @skb: the packet
 *
 * Context: BH. Return: false if the packet belongs to no flow that falcon looks after.
 */
bool falcon_arrival_identify(struct falcon_arrival *arrival, const struct sk_buff *skb);

/* The key of an arrival that is identified. Context: any. */
void falcon_arrival_key(const struct falcon_arrival *arrival, struct falcon_key *key);

/*
 * Describe the flow for rules, of now and of later, and its encapsulation. Used for a flow's first
 * packet, and when the flow is due for promotion. Context: BH.
 */
void falcon_arrival_subject(struct falcon_arrival *arrival, const struct sk_buff *skb,
			    struct falcon_subject *flow, struct falcon_encap *encap);

/**
 * falcon_arrival_learn() - have the cache learn packets like this one
 * @arrival: identified
 * @skb: the packet
 * @cache: this CPU's
 *
 * Context: BH. Return: true if the cache knows them from now on.
 */
bool falcon_arrival_learn(const struct falcon_arrival *arrival, const struct sk_buff *skb,
			  struct falcon_flow_cache *cache);

/*
 * Make a packet of napi_gro_frags() like one of napi_gro_receive(). Context: BH. Return: true if it
 * is; false only for packets that are too short to be identified.
 */
bool falcon_arrival_finish_frags(struct napi_struct *napi, struct sk_buff *skb);

/* The flow's hash by the cache, or 0. @tried: as for falcon_flow_cache_find(). Context: BH. */
static inline u32 falcon_arrival_recall(struct falcon_flow_cache *cache, bool frags,
					const struct sk_buff *skb, unsigned int tried)
{
	unsigned int len;
	const u8 *data;

	if (unlikely(!falcon_key_headers(skb, frags, &data, &len)))
		return 0;
	return falcon_flow_cache_find(cache, data, len, falcon_key_protocol(skb, frags, data),
				      tried);
}

/* The same for a packet with its tail where the last one had it. Return: true if @hash is set. */
static __always_inline bool falcon_arrival_recall_alike(const struct falcon_flow_cache *cache,
							bool frags, const struct sk_buff *skb,
							u32 *hash)
{
	const struct falcon_flow_bin *bin;
	unsigned int len;
	const u8 *data;

	if (unlikely(!falcon_key_headers(skb, frags, &data, &len)) ||
	    !falcon_flow_cache_look(cache, cache->tail_at[0], data, len,
				    falcon_key_protocol(skb, frags, data), &bin))
		return false;
	*hash = bin->hash;
	return true;
}

#endif /* _FALCON_ARRIVAL_H */
