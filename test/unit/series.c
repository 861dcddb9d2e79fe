// SPDX-License-Identifier: GPL-2.0

#include "series.h"

struct packet *series_packets;
unsigned int series_used;

int series_begin(void)
{
	series_packets = calloc(PACKETS, sizeof(*series_packets));
	series_used = 0;
	return series_packets ? 0 : -1;
}

void series_end(void)
{
	free(series_packets);
}

u32 series_memory_of(unsigned int number)
{
	return 768 + number;
}

u32 series_memory(unsigned int first, unsigned int count)
{
	u32 bytes = 0;

	while (count--)
		bytes += series_memory_of(first++);
	return bytes;
}

struct falcon_chain series_chain(unsigned int count)
{
	struct falcon_chain chain = {};
	struct packet *packet;

	while (count--) {
		assert_true(series_used < PACKETS);
		packet = &series_packets[series_used];
		packet->number = series_used;
		/* a stale pointer from elsewhere */
		packet->skb.next = &series_packets[0].skb;
		packet->skb.truesize = series_memory_of(series_used++);
		falcon_chain_add(&chain, &packet->skb);
	}
	return chain;
}

unsigned int series_number(const struct sk_buff *skb)
{
	return container_of(skb, struct packet, skb)->number;
}

void series_expect(const struct falcon_chain *chain, unsigned int first, unsigned int count)
{
	const struct sk_buff *skb = chain->first, *last = NULL;
	unsigned int i;

	assert_int_equal(chain->count, count);
	assert_int_equal(chain->bytes, series_memory(first, count));
	for (i = 0; i < count; i++) {
		assert_non_null(skb);
		assert_int_equal(series_number(skb), first + i);
		last = skb;
		skb = skb->next;
	}
	assert_null(skb);
	assert_ptr_equal(chain->last, last);
	if (!count)
		assert_null(chain->first);
}
