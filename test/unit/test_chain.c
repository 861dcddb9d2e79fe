// SPDX-License-Identifier: GPL-2.0
/* chain.c: packets join a chain and leave it, in order. */

#include "series.h"

static int start(void **state)
{
	return series_begin();
}

static int stop(void **state)
{
	series_end();
	return 0;
}

static void add__links_behind(void **state)
{
	struct falcon_chain chain = series_chain(0);

	series_expect(&chain, 0, 0);
	chain = series_chain(1);
	series_expect(&chain, 0, 1);
	chain = series_chain(5);
	series_expect(&chain, 1, 5);
}

static void pop__takes_the_first_until_empty(void **state)
{
	struct falcon_chain chain = series_chain(3);
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		skb = falcon_chain_pop(&chain);
		assert_int_equal(series_number(skb), i);
		assert_null(skb->next);
		series_expect(&chain, i + 1, 2 - i);
	}
	assert_null(falcon_chain_pop(&chain));
	series_expect(&chain, 0, 0);
	falcon_chain_add(&chain, &series_packets[1].skb);
	series_expect(&chain, 1, 1);
}

static void splice__every_length_behind_every_length(void **state)
{
	struct falcon_chain to, from;
	unsigned int i, j, first;

	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			first = series_used;
			to = series_chain(i);
			from = series_chain(j);
			falcon_chain_splice(&to, &from);
			series_expect(&to, first, i + j);
			series_expect(&from, 0, 0);
		}
	}
}

static void cut__every_count_of_every_length_behind_every_length(void **state)
{
	struct falcon_chain to, from;
	unsigned int i, j, count, moved, first;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < 5; j++) {
			for (count = 0; count < 7; count++) {
				first = series_used;
				to = series_chain(i);
				from = series_chain(j);
				falcon_chain_cut(&to, &from, count);
				moved = count < j ? count : j;
				series_expect(&to, first, i + moved);
				series_expect(&from, first + i + moved, j - moved);
			}
		}
	}
}

static void cut_to__ends_with_the_packet_that_has_the_bytes(void **state)
{
	u32 bytes[] = { 1, series_memory_of(0), series_memory_of(0) + 1, series_memory(0, 3),
			series_memory(0, 4), U32_MAX };
	unsigned int counts[] = { 1, 1, 2, 3, 4, 4 }, i;
	struct falcon_chain to, from;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		series_used = 0;
		to = series_chain(0);
		from = series_chain(4);
		falcon_chain_cut_to(&to, &from, 4, bytes[i]);
		series_expect(&to, 0, counts[i]);
		series_expect(&from, counts[i], 4 - counts[i]);
		/*
		 * It appends to the chain, whose bytes do not count. The first bound that is
		 * reached ends it.
		 */
		falcon_chain_cut_to(&to, &from, counts[i] - 1, U32_MAX);
		series_expect(&to, 0, min(2 * counts[i] - 1, 4U));
	}
}

static void cut_to__takes_nothing_where_there_is_no_room(void **state)
{
	struct falcon_chain to = series_chain(2), from = series_chain(3);

	falcon_chain_cut_to(&to, &from, 3, 0);
	falcon_chain_cut_to(&to, &from, 0, U32_MAX);
	series_expect(&to, 0, 2);
	series_expect(&from, 2, 3);
	from = (struct falcon_chain){};
	falcon_chain_cut_to(&to, &from, 3, 0);
	series_expect(&to, 0, 2);
	series_expect(&from, 0, 0);
}

/* Any two pointers: the code only compares them. */
#define DEVICE ((struct net_device *)series_packets)
#define OTHER  ((struct net_device *)&series_used)

static struct falcon_chain chain_for(unsigned int count, struct net_device *dev)
{
	struct falcon_chain chain = series_chain(count);
	struct sk_buff *skb;

	for (skb = chain.first; skb; skb = skb->next)
		skb->dev = dev;
	return chain;
}

static void cut_of__all_of_one_device_goes_in_portions(void **state)
{
	struct falcon_chain from = chain_for(150, DEVICE), to = {};

	assert_true(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	series_expect(&to, 0, 64);
	series_expect(&from, 64, 86);
	/* Packets already in @to count. */
	assert_true(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	series_expect(&from, 64, 86);
	to = (struct falcon_chain){};
	assert_true(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	to = (struct falcon_chain){};
	assert_false(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	series_expect(&to, 128, 22);
	series_expect(&from, 0, 0);
	assert_false(falcon_chain_cut_of(&to, &from, DEVICE, 64));
}

static void cut_of__others_stay_in_order(void **state)
{
	struct falcon_chain from = chain_for(10, OTHER), some = chain_for(100, DEVICE), to = {};
	unsigned int i;

	falcon_chain_splice(&from, &some);
	some = chain_for(10, OTHER);
	some.first->dev = DEVICE;
	falcon_chain_splice(&from, &some);
	/* One call is enough, because the packets that stay are in front. */
	assert_false(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	series_expect(&to, 10, 101);
	assert_int_equal(from.count, 19);
	for (i = 0; from.count; i++)
		assert_int_equal(series_number(falcon_chain_pop(&from)), i < 10 ? i : 101 + i);
	assert_false(falcon_chain_cut_of(&to, &from, OTHER, 64));
	series_expect(&to, 10, 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(add__links_behind),
		unit_case(pop__takes_the_first_until_empty),
		unit_case(splice__every_length_behind_every_length),
		unit_case(cut__every_count_of_every_length_behind_every_length),
		unit_case(cut_to__ends_with_the_packet_that_has_the_bytes),
		unit_case(cut_to__takes_nothing_where_there_is_no_room),
		unit_case(cut_of__all_of_one_device_goes_in_portions),
		unit_case(cut_of__others_stay_in_order),
	};

	return unit_run(tests);
}
