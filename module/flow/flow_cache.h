/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flows that a CPU has met last, by header templates: what a packet's flow is that looks like
 * one before, without the parser and the keyed hash.
 *
 * It gives the hash that these would give, and decides nothing else. So what is done with a packet
 * is the same whether it is found here or not, and so is the order of packets; only the price is
 * another. Who sends packets that all come to one bin makes others pay what they would without.
 *
 * Pure; compiled into the unit tests as it is. Of one CPU, and used by one context at a time.
 */

#ifndef _FALCON_FLOW_CACHE_H
#define _FALCON_FLOW_CACHE_H

#include <linux/hash.h>
#include <linux/types.h>

#include "flow/template.h"

#define FALCON_FLOW_BITS 4
#define FALCON_FLOW_BINS (1 << FALCON_FLOW_BITS)

/* No packet is so long. */
#define FALCON_FLOW_NOWHERE 0xffff

struct falcon_flow_bin {
	u32			hash;	/* of the flow */
	bool			used;	/* since somebody else wanted the bin */
	struct falcon_template	template;
};

struct falcon_flow_cache {
	/* Where packets like the last one, and others before it, have their tails. */
	u16			tail_at[2];	/* FALCON_FLOW_NOWHERE: there was none */
	struct falcon_flow_bin	bins[FALCON_FLOW_BINS];
};

/* Forget all, or begin. Context: of the cache. */
void falcon_flow_cache_clear(struct falcon_flow_cache *cache);

/**
 * falcon_flow_cache_learn() - keep a packet's flow
 * @cache: the cache
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tunnels: as for falcon_packet_parse(); when they are others, the cache has to be cleared
 * @hash: of the flow
 *
 * A flow that was found since the last one wanted its bin keeps it this time.
 *
 * Context: of the cache. Return: whether it is kept.
 */
bool falcon_flow_cache_learn(struct falcon_flow_cache *cache, const u8 *data, unsigned int len,
			     __be16 protocol, const struct falcon_tunnels *tunnels, u32 hash);

/* Which one is no secret, and may be anybody's choice. */
static inline unsigned int falcon_flow_bin_of(u64 tail)
{
	return tail * GOLDEN_RATIO_64 >> (64 - FALCON_FLOW_BITS);
}

/**
 * falcon_flow_cache_look() - the first half of falcon_flow_cache_find()
 * @cache: the cache
 * @tail_at: where the packet is taken to have its tail, of @cache->tail_at
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @bin: result, for the answer true: of the flow. Free ones have their tails nowhere near
 *
 * Context: of the cache. Return: whether it is known.
 */
static __always_inline bool falcon_flow_cache_look(const struct falcon_flow_cache *cache,
						   unsigned int tail_at, const u8 *data,
						   unsigned int len, __be16 protocol,
						   const struct falcon_flow_bin **bin)
{
	const struct falcon_template *template;
	u64 tail;

	if (len < tail_at + (unsigned int)sizeof(tail))
		return false;
	tail = *(const u64 *)(data + tail_at);
	*bin = &cache->bins[falcon_flow_bin_of(tail)];
	template = &(*bin)->template;
	return template->tail == tail && template->tail_at == tail_at &&
	       template->protocol == protocol && falcon_template_fits(template, data);
}

/**
 * falcon_flow_cache_find() - the flow of a packet
 * @cache: the cache
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tried: places of the tail that falcon_flow_cache_look() was told already
 *
 * Context: of the cache. Return: its hash; 0 when it is not known.
 */
u32 falcon_flow_cache_find(struct falcon_flow_cache *cache, const u8 *data, unsigned int len,
			   __be16 protocol, unsigned int tried);

#endif /* _FALCON_FLOW_CACHE_H */
