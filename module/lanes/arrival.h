/* SPDX-License-Identifier: GPL-2.0 */
/* A packet as the NIC's driver hands it to GRO, and which flow it belongs to. */

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
 * Deliberately not cleared, by the compiler neither: that would cost more than all that most
 * packets need. Whoever reads a field has written it.
 */
struct falcon_arrival {
	struct falcon_gro	*gro;	/* the NIC's */
	struct napi_struct	*frags;	/* whose skb it is, for napi_gro_frags(); or NULL */
	const struct falcon_plan *plan;
	u32			hash;	/* of the flow */
	bool			known;	/* from the cache: of the rest nothing is written */
	bool			whole;	/* not a later fragment, so the key is the flow's */
	bool			quick;	/* the flow is in tuple, otherwise in packet.key */
	bool			host;	/* came through no tunnel */
	struct falcon_tuple	tuple;
	struct falcon_packet	packet;
};

/**
 * falcon_arrival_identify() - find the flow
 * @arrival: gro, frags and plan are given, the rest is the result
 * @skb: the packet
 *
 * Context: BH. Return: false when the packet belongs to none that falcon looks after.
 */
bool falcon_arrival_identify(struct falcon_arrival *arrival, const struct sk_buff *skb);

/* The flow of an arrival that is identified. Context: any. */
void falcon_arrival_key(const struct falcon_arrival *arrival, struct falcon_key *key);

/*
 * What rules may want to know of the flow, now or when there are some, and what it is wrapped in:
 * once for each flow, and when it is to go up. Context: BH.
 */
void falcon_arrival_subject(struct falcon_arrival *arrival, const struct sk_buff *skb,
			    struct falcon_subject *flow, struct falcon_encap *encap);

/**
 * falcon_arrival_learn() - have the cache know packets like this one
 * @arrival: identified
 * @skb: the packet
 * @cache: this CPU's
 *
 * Context: BH. Return: whether it does from now on.
 */
bool falcon_arrival_learn(const struct falcon_arrival *arrival, const struct sk_buff *skb,
			  struct falcon_flow_cache *cache);

/*
 * From here on a packet of napi_gro_frags() is like one of napi_gro_receive(). False when that
 * cannot be: of a packet that is identified it can. Context: BH.
 */
bool falcon_arrival_finish_frags(struct napi_struct *napi, struct sk_buff *skb);

/* The flow's hash, as falcon_flow_cache_find(), or 0. Context: BH. */
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

/* The same of a packet that has its tail where the last one had; whether the answer is in @hash. */
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
