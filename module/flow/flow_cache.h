/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flows that a CPU has met last, as header templates. A packet that looks like an earlier one
 * is of that one's flow, without the parser and the keyed hash.
 *
 * The cache gives the hash that these two would give, and decides nothing else. A packet is
 * therefore treated the same, and in the same order, whether it is found here or not. Only the cost
 * differs. A sender whose packets all come to one bin makes others pay what they would pay without
 * a cache.
 *
 * Pure: compiled into the unit tests as it is. Each CPU has a cache, used by one context at a time.
 */

#ifndef _FALCON_FLOW_CACHE_H
#define _FALCON_FLOW_CACHE_H

#include <linux/hash.h>
#include <linux/types.h>

#include "flow/template.h"

#define FALCON_FLOW_BITS 4
#define FALCON_FLOW_BINS (1 << FALCON_FLOW_BITS)

/* No packet is that long. */
#define FALCON_FLOW_NOWHERE 0xffff

struct falcon_flow_bin {
	u32			hash;	/* of the flow */
	bool			used;	/* found since another flow wanted the bin */
	struct falcon_template	template;
};

struct falcon_flow_cache {
	/* Where the last packet had its tail, and before it a packet of another shape. */
	u16			tail_at[2];	/* FALCON_FLOW_NOWHERE: none so far */
	struct falcon_flow_bin	bins[FALCON_FLOW_BINS];
};

/* Empty the cache, or set up a new one. Context: the cache's. */
void falcon_flow_cache_clear(struct falcon_flow_cache *cache);

/**
 * falcon_flow_cache_learn() - remember a packet's flow
 * @cache: the cache
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tunnels: as for falcon_packet_parse(); clear the cache when they change
 * @hash: hash of the flow
 *
 * A flow that was found since another flow last wanted its bin keeps the bin this time.
 *
 * Context: the cache's. Return: true if the flow was stored.
 */
bool falcon_flow_cache_learn(struct falcon_flow_cache *cache, const u8 *data, unsigned int len,
			     __be16 protocol, const struct falcon_tunnels *tunnels, u32 hash);

/* The bin of a tail. It is no secret, and senders may choose it. */
static inline unsigned int falcon_flow_bin_of(u64 tail)
{
	return tail * GOLDEN_RATIO_64 >> (64 - FALCON_FLOW_BITS);
}

/**
 * falcon_flow_cache_look() - try one position of the tail, as falcon_flow_cache_find() does
 * @cache: the cache
 * @tail_at: the position, one of @cache->tail_at
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @bin: result, if true is returned: the flow's bin. An empty bin never fits: its tail is at 0,
 *	where no packet has one
 *
 * Context: the cache's. Return: true if the flow is known.
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
 * falcon_flow_cache_find() - find the flow of a packet
 * @cache: the cache
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tried: positions of the tail that falcon_flow_cache_look() has tried already
 *
 * Context: the cache's. Return: the hash of the flow; 0 if it is not known.
 */
u32 falcon_flow_cache_find(struct falcon_flow_cache *cache, const u8 *data, unsigned int len,
			   __be16 protocol, unsigned int tried);

#endif /* _FALCON_FLOW_CACHE_H */
