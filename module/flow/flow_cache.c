// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>
#include <linux/string.h>

#include "flow/flow_cache.h"

void falcon_flow_cache_clear(struct falcon_flow_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	cache->tail_at[0] = FALCON_FLOW_NOWHERE;
	cache->tail_at[1] = FALCON_FLOW_NOWHERE;
}

static void come_first(struct falcon_flow_cache *cache, u16 tail_at)
{
	if (cache->tail_at[0] == tail_at)
		return;
	cache->tail_at[1] = cache->tail_at[0];
	cache->tail_at[0] = tail_at;
}

u32 falcon_flow_cache_find(struct falcon_flow_cache *cache, const u8 *data, unsigned int len,
			   __be16 protocol, unsigned int tried)
{
	const struct falcon_flow_bin *bin;
	unsigned int i;

	for (i = tried; i < ARRAY_SIZE(cache->tail_at); i++) {
		if (!falcon_flow_cache_look(cache, cache->tail_at[i], data, len, protocol, &bin))
			continue;
		cache->bins[bin - cache->bins].used = true;
		come_first(cache, bin->template.tail_at);
		return bin->hash;
	}
	return 0;
}

bool falcon_flow_cache_learn(struct falcon_flow_cache *cache, const u8 *data, unsigned int len,
			     __be16 protocol, const struct falcon_tunnels *tunnels, u32 hash)
{
	struct falcon_template template;
	struct falcon_flow_bin *bin;

	if (!falcon_template_make(&template, data, len, protocol, tunnels))
		return false;
	bin = &cache->bins[falcon_flow_bin_of(template.tail)];
	if (bin->used) {
		bin->used = false;
		return false;
	}
	bin->hash = hash;
	bin->template = template;
	come_first(cache, template.tail_at);
	return true;
}
