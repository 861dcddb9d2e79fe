// SPDX-License-Identifier: GPL-2.0
/*
 * The packets that a CPU collects for its flows: which bin they are in, when and in which order
 * they are handed over, and what happens if their flow has left.
 */

#include "unit.h"
#include "core/stats.h"
#include "cpus.h"
#include "lanes/bins.h"
#include "lanes/drop.h"
#include "lanes/flow_list.h"
#include "lanes/runner.h"
#include "lanes/transit.h"

#define MOST 40		/* flows of a case */
#define PACKETS 400

DEFINE_PER_CPU(struct falcon_stats, falcon_stats);

/* A flow; its rule's number is its index plus 1. */
static struct falcon_flow flows[MOST];
static struct sk_buff skbs[PACKETS];
static unsigned int used;
static struct falcon_bins bins;
static struct falcon_runner runner;

/* What came of the packets. */
struct handed {
	struct falcon_flow *flow;
	struct sk_buff *first;
	unsigned int count;
	bool here;			/* with a runner */
};

static struct handed handed[MOST];
static unsigned int hands, dropped, given_back;
static unsigned int taken[MOST];	/* counted for each flow's rule */
static struct sk_buff *back[PACKETS];

bool falcon_transit_take(struct falcon_flow *flow, struct falcon_chain *packets,
			 struct falcon_runner *by)
{
	assert_true(flow->refs.refs > 0);
	assert_true(!by || by == &runner);
	if (flow->dead)
		return false;
	assert_true(hands < MOST);
	handed[hands++] = (struct handed){ flow, packets->first, packets->count, by };
	return true;
}

void falcon_flow_put(struct falcon_flow *flow)
{
	assert_true(flow->refs.refs > 0);
	flow->refs.refs--;
}

void falcon_priority_count(u32 rule, unsigned int packets)
{
	assert_in_range(rule, 1, MOST);
	taken[rule - 1] += packets;
}

void falcon_drop_gone(struct falcon_chain *packets, enum falcon_stage stage)
{
	assert_int_equal(stage, FALCON_STAGE_NIC);
	while (falcon_chain_pop(packets))
		dropped++;
}

void falcon_runner_give_back(struct falcon_runner *by, struct falcon_chain *packets)
{
	assert_ptr_equal(by, &runner);
	while (packets->count)
		back[given_back++] = falcon_chain_pop(packets);
}

static int start(void **state)
{
	unsigned int i;

	cpus_start();
	cpus_softirq();
	memset(flows, 0, sizeof(flows));
	for (i = 0; i < MOST; i++)
		flows[i].priority.rule = i + 1;
	memset(&bins, 0, sizeof(bins));
	memset(taken, 0, sizeof(taken));
	used = 0;
	hands = 0;
	dropped = 0;
	given_back = 0;
	return 0;
}

/* Nobody has a reference any more. */
static int stop(void **state)
{
	unsigned int i;

	for (i = 0; i < MOST; i++)
		assert_int_equal(flows[i].refs.refs, 0);
	return 0;
}

/* Flows whose numbers differ by FALCON_BINS have one bin. */
static u32 hash_of(unsigned int flow)
{
	return 0x1000 + flow;
}

/* Like the ingress. Return: the packet. */
static struct sk_buff *collect(unsigned int flow)
{
	struct falcon_bin *bin = falcon_bin_of(&bins, hash_of(flow));
	struct sk_buff *skb = &skbs[used++];

	assert_true(used <= PACKETS);
	*skb = (struct sk_buff){ .truesize = 100 };
	if (bin->hash != hash_of(flow)) {
		flows[flow].refs.refs++;
		bin = falcon_bins_take(&bins, hash_of(flow), &flows[flow]);
	}
	falcon_bin_add(&bins, bin, skb);
	return skb;
}

static void assert_handed(unsigned int at, unsigned int flow, const struct sk_buff *first,
			  unsigned int count)
{
	assert_true(at < hands);
	assert_ptr_equal(handed[at].flow, &flows[flow]);
	assert_ptr_equal(handed[at].first, first);
	assert_int_equal(handed[at].count, count);
}

static void assert_empty(void)
{
	static const struct falcon_bins none;

	assert_memory_equal(&bins, &none, sizeof(bins));
}

static void bins__collect_each_flows_packets_until_they_are_emptied(void **state)
{
	struct sk_buff *first_of_2, *first_of_3;

	first_of_2 = collect(2);
	first_of_3 = collect(3);
	collect(2);
	assert_int_equal(hands, 0);
	assert_int_equal(flows[2].refs.refs, 1);
	assert_int_equal(taken[2], 0);
	falcon_bins_empty(&bins, &runner);
	assert_int_equal(hands, 2);
	assert_handed(0, 2, first_of_2, 2);
	assert_handed(1, 3, first_of_3, 1);
	assert_true(handed[0].here && handed[1].here);
	assert_int_equal(taken[2], 2);
	assert_int_equal(taken[3], 1);
	assert_empty();
}

static void bins__are_emptied_from_the_highest_priority_to_the_lowest(void **state)
{
	static const u8 prios[] = { 1, 7, 0, 2, 7 };
	static const unsigned int order[] = { 1, 4, 3, 0, 2 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prios); i++) {
		flows[i].priority.prio = prios[i];
		collect(i);
	}
	/* A new rule is for the next poll. */
	flows[2].priority.prio = 7;
	falcon_bins_empty(&bins, &runner);
	assert_int_equal(hands, ARRAY_SIZE(order));
	for (i = 0; i < ARRAY_SIZE(order); i++)
		assert_ptr_equal(handed[i].flow, &flows[order[i]]);
	assert_empty();
}

/* Without the packet that finds it full, and not by a run here and now: GRO has that packet. */
static void bin__that_is_full_is_handed_over_and_stays_the_flows(void **state)
{
	struct sk_buff *first, *next;
	unsigned int i;

	first = collect(2);
	for (i = 1; i < FALCON_RUN_MAX; i++)
		collect(2);
	assert_int_equal(hands, 0);
	next = collect(2);
	assert_int_equal(hands, 1);
	assert_handed(0, 2, first, FALCON_RUN_MAX);
	assert_false(handed[0].here);
	assert_int_equal(flows[2].refs.refs, 1);
	collect(2);
	falcon_bins_empty(&bins, &runner);
	assert_int_equal(hands, 2);
	assert_handed(1, 2, next, 2);
	assert_int_equal(taken[2], FALCON_RUN_MAX + 2);
	assert_empty();
}

static void bin__is_handed_over_for_another_flow(void **state)
{
	const unsigned int other = 2 + FALCON_BINS;
	struct sk_buff *first, *next, *again;

	/* Flow 5 has nothing to do with it. */
	collect(5);
	flows[other].priority.prio = 3;
	first = collect(2);
	collect(2);
	next = collect(other);
	assert_int_equal(hands, 1);
	assert_handed(0, 2, first, 2);
	assert_false(handed[0].here);
	assert_int_equal(flows[2].refs.refs, 0);
	/* The first flow's turn again. */
	again = collect(2);
	assert_int_equal(hands, 2);
	assert_handed(1, other, next, 1);
	falcon_bins_empty(&bins, &runner);
	assert_int_equal(hands, 4);
	assert_handed(2, 2, again, 1);
	assert_false(falcon_strays_expected(&bins.strays, hash_of(2)));
	assert_empty();
}

/* Nobody has these packets: they count as taken once, and take the kernel's path in order. */
static void bin__of_a_flow_that_has_left_becomes_strays(void **state)
{
	struct sk_buff *packets[] = { collect(2), collect(2) };

	flows[2].dead = true;
	falcon_bins_empty(&bins, &runner);
	assert_int_equal(hands, 0);
	assert_int_equal(taken[2], 2);
	assert_int_equal(bins.strays.packets.count, 2);
	assert_int_equal(flows[2].refs.refs, 0);
	falcon_strays_receive(&bins.strays, &runner);
	assert_int_equal(given_back, 2);
	assert_ptr_equal(back[0], packets[0]);
	assert_ptr_equal(back[1], packets[1]);
	assert_int_equal(taken[2], 2);
	assert_empty();
}

/* The poll goes on: the flow's next packets, which no bin gets, are behind the first ones. */
static void bin__of_a_flow_that_has_left_keeps_its_later_packets_behind(void **state)
{
	const unsigned int other = 2 + FALCON_BINS;
	struct sk_buff *first = collect(2), later = { .truesize = 100 };

	flows[2].dead = true;
	assert_false(falcon_strays_expected(&bins.strays, hash_of(2)));
	collect(other);
	assert_true(falcon_strays_expected(&bins.strays, hash_of(2)));
	assert_false(falcon_strays_expected(&bins.strays, hash_of(other)));
	falcon_bins_stray(&bins, &later);
	falcon_bins_empty(&bins, &runner);
	assert_int_equal(hands, 1);
	falcon_strays_receive(&bins.strays, &runner);
	assert_int_equal(given_back, 2);
	assert_ptr_equal(back[0], first);
	assert_ptr_equal(back[1], &later);
	/* With the poll the expectation is over. */
	assert_false(falcon_strays_expected(&bins.strays, hash_of(2)));
	assert_empty();
}

static void bins__that_are_dropped_count_all_and_put_each_reference_once(void **state)
{
	struct sk_buff stray = { .truesize = 100 };

	collect(2);
	collect(2);
	flows[2].dead = true;
	collect(2 + FALCON_BINS);
	falcon_bins_stray(&bins, &stray);
	collect(5);
	collect(5);
	collect(5);
	assert_int_equal(falcon_bins_drop(&bins), 3 + 1 + 3);
	assert_int_equal(dropped, 7);
	assert_int_equal(hands, 0);
	/* The strays were counted before. */
	assert_int_equal(taken[2], 2);
	assert_int_equal(taken[2 + FALCON_BINS], 1);
	assert_int_equal(taken[5], 3);
	assert_empty();
	assert_int_equal(falcon_bins_drop(&bins), 0);
	assert_int_equal(dropped, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(bins__collect_each_flows_packets_until_they_are_emptied),
		unit_case(bins__are_emptied_from_the_highest_priority_to_the_lowest),
		unit_case(bin__that_is_full_is_handed_over_and_stays_the_flows),
		unit_case(bin__is_handed_over_for_another_flow),
		unit_case(bin__of_a_flow_that_has_left_becomes_strays),
		unit_case(bin__of_a_flow_that_has_left_keeps_its_later_packets_behind),
		unit_case(bins__that_are_dropped_count_all_and_put_each_reference_once),
	};

	return unit_run(tests);
}
