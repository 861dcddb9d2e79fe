// SPDX-License-Identifier: GPL-2.0
/* Calls of reorder.c one after the other. test_reorder_model tries every order of calls. */

#include "lanes/reorder.h"
#include "unit.h"

/* More than any case needs, so ASan detects an access behind the last packet. */
#define PACKETS ((FALCON_RUNS + 1) * 2 * FALCON_RUN_MAX)

struct packet {
	struct sk_buff skb;
	unsigned int number;
};

static struct falcon_reorder reorder;
static struct packet *packets;
static unsigned int used;

static int begin(void **state)
{
	memset(&reorder, 0, sizeof(reorder));
	packets = calloc(PACKETS, sizeof(*packets));
	used = 0;
	return packets ? 0 : -1;
}

static int end(void **state)
{
	free(packets);
	return 0;
}

/* As if so many runs had been assigned before. */
static void numbers_begin_at(u32 number)
{
	reorder.head = number;
	reorder.tail = number;
}

/* Memory of packet @number; all packets differ. */
static u32 memory_of(unsigned int number)
{
	return 768 + number;
}

/* Memory of @count packets from @first on. */
static u32 memory(unsigned int first, unsigned int count)
{
	u32 bytes = 0;

	while (count--)
		bytes += memory_of(first++);
	return bytes;
}

/* The next @count packets, with consecutive numbers. */
static struct falcon_chain chain_of(unsigned int count)
{
	struct falcon_chain chain = {};

	while (count--) {
		assert_true(used < PACKETS);
		packets[used].number = used;
		packets[used].skb.next = &packets[0].skb;	/* a stale pointer from elsewhere */
		packets[used].skb.truesize = memory_of(used);
		falcon_chain_add(&chain, &packets[used++].skb);
	}
	return chain;
}

static unsigned int number_of(const struct sk_buff *skb)
{
	return container_of(skb, struct packet, skb)->number;
}

/* Assert that @chain has exactly the @count packets from @first on. */
static void expect(const struct falcon_chain *chain, unsigned int first, unsigned int count)
{
	const struct sk_buff *skb = chain->first, *last = NULL;
	unsigned int i;

	assert_int_equal(chain->count, count);
	assert_int_equal(chain->bytes, memory(first, count));
	for (i = 0; i < count; i++) {
		assert_non_null(skb);
		assert_int_equal(number_of(skb), first + i);
		last = skb;
		skb = skb->next;
	}
	assert_null(skb);
	assert_ptr_equal(chain->last, last);
	if (!count)
		assert_null(chain->first);
}

/* Assign @count new packets to a run of their own. */
static struct falcon_run *new_run(u16 worker, u32 batch, unsigned int count)
{
	struct falcon_chain chain = chain_of(count);
	struct falcon_run *run;

	assert_int_equal(falcon_reorder_assign(&reorder, &chain, worker, batch, &run), count);
	assert_non_null(run);
	expect(&chain, 0, 0);
	return run;
}

/* Assign @count new packets to a run that is queued already. */
static void more(u16 worker, u32 batch, unsigned int count)
{
	struct falcon_chain chain = chain_of(count);
	struct falcon_run *run = &reorder.runs[0];

	assert_int_equal(falcon_reorder_assign(&reorder, &chain, worker, batch, &run), count);
	assert_null(run);
	expect(&chain, 0, 0);
}

static struct falcon_chain start(struct falcon_run *run)
{
	struct falcon_chain chain = {};

	falcon_reorder_start(run, &chain);
	assert_int_equal(run->state, FALCON_RUN_STARTED);
	expect(&run->packets, 0, 0);
	return chain;
}

/*
 * Finish the run with its first @count packets as output. Return: the released packets. Asserts
 * that @held packets of the run are held.
 */
static struct falcon_chain finish_some(struct falcon_run *run, unsigned int count,
				       unsigned int held)
{
	struct falcon_chain all = start(run), output = {}, released = {};

	falcon_chain_cut(&output, &all, count);
	assert_int_equal(falcon_reorder_finish(&reorder, run, &output, &released), held);
	expect(&output, 0, 0);
	return released;
}

static void add__links_behind(void **state)
{
	struct falcon_chain chain = chain_of(0);

	expect(&chain, 0, 0);
	chain = chain_of(1);
	expect(&chain, 0, 1);
	chain = chain_of(5);
	expect(&chain, 1, 5);
}

static void pop__takes_the_first_until_empty(void **state)
{
	struct falcon_chain chain = chain_of(3);
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		skb = falcon_chain_pop(&chain);
		assert_int_equal(number_of(skb), i);
		assert_null(skb->next);
		expect(&chain, i + 1, 2 - i);
	}
	assert_null(falcon_chain_pop(&chain));
	expect(&chain, 0, 0);
	falcon_chain_add(&chain, &packets[1].skb);
	expect(&chain, 1, 1);
}

static void splice__every_length_behind_every_length(void **state)
{
	struct falcon_chain to, from;
	unsigned int i, j, first;

	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			first = used;
			to = chain_of(i);
			from = chain_of(j);
			falcon_chain_splice(&to, &from);
			expect(&to, first, i + j);
			expect(&from, 0, 0);
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
				first = used;
				to = chain_of(i);
				from = chain_of(j);
				falcon_chain_cut(&to, &from, count);
				moved = count < j ? count : j;
				expect(&to, first, i + moved);
				expect(&from, first + i + moved, j - moved);
			}
		}
	}
}

static void assign__no_packets_take_no_run(void **state)
{
	struct falcon_chain none = {};
	struct falcon_run *run = &reorder.runs[0];

	assert_int_equal(falcon_reorder_assign(&reorder, &none, 1, 1, &run), 0);
	assert_null(run);
	assert_true(falcon_reorder_empty(&reorder));
}

static void assign__new_run_says_all_about_it(void **state)
{
	struct falcon_run *run = new_run(3, 7, 5);

	expect(&run->packets, 0, 5);
	assert_int_equal(run->number, 0);
	assert_int_equal(run->batch, 7);
	assert_int_equal(run->taken, 5);
	assert_int_equal(run->worker, 3);
	assert_int_equal(run->state, FALCON_RUN_QUEUED);
	assert_false(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken, 5);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.tail - reorder.head, 1);
}

/* Members of a run that belong to its lane stay unchanged. */
static void assign__leaves_the_lane_s_members(void **state)
{
	struct list_head *node = &reorder.runs[0].node;

	INIT_LIST_HEAD(node);
	reorder.runs[0].flow = (struct falcon_flow *)&reorder;
	assert_ptr_equal(new_run(1, 1, 1), &reorder.runs[0]);
	more(1, 1, 1);
	finish_some(&reorder.runs[0], 2, 0);
	assert_true(node->next == node && node->prev == node);
	assert_ptr_equal(reorder.runs[0].flow, &reorder);
}

static void cut_to__ends_with_the_packet_that_has_the_bytes(void **state)
{
	u32 bytes[] = { 1, memory_of(0), memory_of(0) + 1, memory(0, 3), memory(0, 4), U32_MAX };
	unsigned int counts[] = { 1, 1, 2, 3, 4, 4 }, i;
	struct falcon_chain to, from;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		used = 0;
		to = chain_of(0);
		from = chain_of(4);
		falcon_chain_cut_to(&to, &from, 4, bytes[i]);
		expect(&to, 0, counts[i]);
		expect(&from, counts[i], 4 - counts[i]);
		/*
		 * It appends to the chain, whose bytes do not count. The first bound that is
		 * reached ends it.
		 */
		falcon_chain_cut_to(&to, &from, counts[i] - 1, U32_MAX);
		expect(&to, 0, min(2 * counts[i] - 1, 4U));
	}
}

static void cut_to__takes_nothing_where_there_is_no_room(void **state)
{
	struct falcon_chain to = chain_of(2), from = chain_of(3);

	falcon_chain_cut_to(&to, &from, 3, 0);
	falcon_chain_cut_to(&to, &from, 0, U32_MAX);
	expect(&to, 0, 2);
	expect(&from, 2, 3);
	from = (struct falcon_chain){};
	falcon_chain_cut_to(&to, &from, 3, 0);
	expect(&to, 0, 2);
	expect(&from, 0, 0);
}

static void assign__queued_run_takes_more(void **state)
{
	struct falcon_run *run = new_run(1, 1, 2);

	more(1, 1, 3);
	more(1, 1, 1);
	expect(&run->packets, 0, 6);
	assert_int_equal(run->taken, 6);
	assert_int_equal(reorder.taken, 6);
	assert_int_equal(reorder.tail, 1);
}

static void assign__run_max_closes_a_run(void **state)
{
	struct falcon_run *run = new_run(1, 1, FALCON_RUN_MAX - 1), *next;

	more(1, 1, 1);
	next = new_run(1, 1, 1);
	expect(&run->packets, 0, FALCON_RUN_MAX);
	expect(&next->packets, FALCON_RUN_MAX, 1);
	assert_int_equal(next->number, 1);
}

static void assign__what_is_too_much_stays_for_the_next(void **state)
{
	struct falcon_chain chain = chain_of(2 * FALCON_RUN_MAX + 3);
	struct falcon_run *runs[3], *run;

	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &runs[0]), FALCON_RUN_MAX);
	expect(&chain, FALCON_RUN_MAX, FALCON_RUN_MAX + 3);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &runs[1]), FALCON_RUN_MAX);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &runs[2]), 3);
	expect(&chain, 0, 0);
	expect(&runs[0]->packets, 0, FALCON_RUN_MAX);
	expect(&runs[1]->packets, FALCON_RUN_MAX, FALCON_RUN_MAX);
	expect(&runs[2]->packets, 2 * FALCON_RUN_MAX, 3);
	/* It fills an open run, and takes no more packets. */
	chain = chain_of(FALCON_RUN_MAX);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, 1, &run), FALCON_RUN_MAX - 3);
	assert_null(run);
	expect(&chain, 3 * FALCON_RUN_MAX, 3);
	assert_int_equal(reorder.taken, 3 * FALCON_RUN_MAX);
}

static void assign__another_worker_closes_a_run(void **state)
{
	struct falcon_run *run = new_run(1, 1, 1), *other = new_run(2, 1, 1);

	assert_int_equal(other->number, run->number + 1);
	/*
	 * The first run stays closed when the first worker returns, because other's packet is
	 * between.
	 */
	expect(&new_run(1, 1, 1)->packets, 2, 1);
	expect(&run->packets, 0, 1);
}

static void assign__another_batch_closes_a_run(void **state)
{
	struct falcon_run *run = new_run(1, 1, 1), *other = new_run(1, 2, 1);

	expect(&run->packets, 0, 1);
	expect(&other->packets, 1, 1);
	more(1, 2, 1);
	expect(&other->packets, 1, 2);
}

static void assign__start_closes_a_run(void **state)
{
	struct falcon_run *run = new_run(1, 1, 1), *other;
	struct falcon_chain chain = start(run), released = {};

	other = new_run(1, 1, 1);
	expect(&other->packets, 1, 1);
	expect(&chain, 0, 1);
	/* The run's end also keeps it closed while it stays in the ring. */
	chain = start(other);
	falcon_reorder_finish(&reorder, other, &chain, &released);
	expect(&released, 0, 0);
	expect(&new_run(1, 1, 1)->packets, 2, 1);
}

static void assign__full_ring_takes_nothing(void **state)
{
	struct falcon_chain chain, released;
	struct falcon_run *run;
	unsigned int i;

	for (i = 0; i < FALCON_RUNS; i++)
		assert_int_equal(new_run(1, i, 1)->number - reorder.head, i);
	chain = chain_of(2);
	run = &reorder.runs[0];
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, FALCON_RUNS, &run), 0);
	assert_null(run);
	expect(&chain, FALCON_RUNS, 2);
	assert_int_equal(reorder.taken, FALCON_RUNS);
	/* The newest run is still open. */
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 1, FALCON_RUNS - 1, &run), 2);
	assert_null(run);
	/* A released run makes room for one. */
	released = finish_some(&reorder.runs[reorder.head % FALCON_RUNS], 1, 0);
	expect(&released, 0, 1);
	expect(&new_run(1, FALCON_RUNS, 1)->packets, FALCON_RUNS + 2, 1);
	chain = chain_of(1);
	assert_int_equal(falcon_reorder_assign(&reorder, &chain, 2, FALCON_RUNS, &run), 0);
}

static void start__goes_behind_what_is_there(void **state)
{
	struct falcon_run *first = new_run(1, 1, 2), *second = new_run(1, 2, 3);
	struct falcon_chain chain = {};

	falcon_reorder_start(first, &chain);
	falcon_reorder_start(second, &chain);
	expect(&chain, 0, 5);
	/* The ring still counts them, because they are in flight. */
	assert_int_equal(reorder.taken, 5);
	assert_int_equal(reorder.held, 0);
}

static void finish__head_is_released_at_once(void **state)
{
	struct falcon_run *run = new_run(1, 1, 4);
	struct falcon_chain released = finish_some(run, 4, 0);

	expect(&released, 0, 4);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken, 0);
	assert_int_equal(reorder.held, 0);
}

static void finish__goes_behind_what_was_released(void **state)
{
	struct falcon_chain released = chain_of(2), output;
	struct falcon_run *run = new_run(1, 1, 2);

	output = start(run);
	assert_int_equal(falcon_reorder_finish(&reorder, run, &output, &released), 0);
	expect(&released, 0, 4);
}

static void finish__smaller_output_counts_as_it_is(void **state)
{
	struct falcon_run *first = new_run(1, 1, 4), *second = new_run(2, 2, 4);
	struct falcon_chain released = finish_some(second, 1, 1);

	expect(&released, 0, 0);
	assert_int_equal(reorder.held, 1);
	assert_int_equal(reorder.taken, 8);
	released = finish_some(first, 0, 0);
	expect(&released, 4, 1);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.taken, 0);
}

static void finish__nothing_left_of_all_releases_nothing(void **state)
{
	struct falcon_run *first = new_run(1, 1, 3), *second = new_run(2, 2, 3);
	struct falcon_chain released = finish_some(second, 0, 0);

	expect(&released, 0, 0);
	assert_int_equal(reorder.tail - reorder.head, 2);
	released = finish_some(first, 0, 0);
	expect(&released, 0, 0);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken, 0);
}

static void finish__last_to_first_is_held_to_the_end(void **state)
{
	struct falcon_chain released;
	struct falcon_run *runs[5];
	unsigned int i;

	for (i = 0; i < 5; i++)
		runs[i] = new_run(i, i, 2);
	for (i = 5; --i > 0;) {
		released = finish_some(runs[i], 2, 2);
		expect(&released, 0, 0);
		assert_int_equal(reorder.held, 2 * (5 - i));
		assert_int_equal(reorder.taken, 10);
	}
	released = finish_some(runs[0], 2, 0);
	expect(&released, 0, 10);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.taken, 0);
	assert_true(falcon_reorder_empty(&reorder));
}

static void finish__stops_at_the_first_that_is_not_done(void **state)
{
	struct falcon_run *runs[4];
	struct falcon_chain released, third;
	unsigned int i;

	for (i = 0; i < 4; i++)
		runs[i] = new_run(i, i, 2);
	finish_some(runs[1], 2, 2);
	finish_some(runs[3], 2, 2);
	third = start(runs[2]);
	released = finish_some(runs[0], 2, 0);
	expect(&released, 0, 4);
	assert_int_equal(reorder.held, 2);
	assert_int_equal(reorder.taken, 4);
	assert_int_equal(reorder.head, 2);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[2], &third, &released), 0);
	expect(&released, 0, 8);
	assert_true(falcon_reorder_empty(&reorder));
}

/* When a device is deleted, the ring's owner removes its packets. */
static void finish__what_is_gone_meanwhile_is_counted_down(void **state)
{
	struct falcon_run *first = new_run(1, 1, 2), *second = new_run(2, 2, 3);
	struct falcon_chain released = finish_some(second, 3, 3);

	falcon_chain_pop(&second->packets);
	falcon_chain_pop(&first->packets);
	released = finish_some(first, 1, 0);
	assert_int_equal(released.count, 3);
	assert_int_equal(number_of(released.first), 1);
	assert_int_equal(number_of(released.last), 4);
	assert_int_equal(reorder.held, 0);
	assert_int_equal(reorder.taken, 0);
}

/* Runs that no worker has started return in order, even if a run between them was started. */
static void recall__takes_what_is_queued(void **state)
{
	struct falcon_run *runs[] = { new_run(1, 1, 2), new_run(2, 2, 3), new_run(1, 3, 4) };
	struct falcon_chain begun = start(runs[1]), back = {}, none = {}, released = {};

	assert_int_equal(falcon_reorder_untouched(&reorder), runs[2]->number);
	assert_int_equal(falcon_reorder_recall(&reorder, runs[0], &back), 2);
	assert_int_equal(falcon_reorder_recall(&reorder, runs[1], &back), 0);
	expect(&back, 0, 2);
	assert_int_equal(falcon_reorder_recall(&reorder, runs[2], &back), 4);
	assert_int_equal(back.count, 6);
	assert_int_equal(number_of(back.last), 8);
	assert_int_equal(reorder.taken, 3);
	/* The recalled runs stay in the ring and release no packets. */
	assert_int_equal(falcon_reorder_finish(&reorder, runs[1], &begun, &released), 3);
	falcon_reorder_start(runs[0], &none);
	assert_int_equal(none.count, 0);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[0], &none, &released), 0);
	expect(&released, 2, 3);
	falcon_reorder_start(runs[2], &none);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[2], &none, &released), 0);
	assert_int_equal(released.count, 3);
	assert_int_equal(reorder.taken, 0);
	assert_int_equal(reorder.held, 0);
	assert_true(falcon_reorder_empty(&reorder));
}

/* Finishes several runs at once, as a worker does with consecutive runs. */
static void finish_together(unsigned int held)
{
	struct falcon_chain output = {}, none = {}, released = {};
	struct falcon_run *before = held ? new_run(9, 9, 1) : NULL, *runs[3];
	unsigned int i, first = used;

	for (i = 0; i < 3; i++) {
		runs[i] = new_run(1, i, 2);
		falcon_reorder_start(runs[i], &output);
	}
	expect(&output, first, 6);
	for (i = 0; i < 2; i++)
		assert_int_equal(falcon_reorder_finish(&reorder, runs[i], &none, &released), 0);
	expect(&released, 0, 0);
	assert_int_equal(falcon_reorder_finish(&reorder, runs[2], &output, &released), held);
	assert_int_equal(reorder.held, held);
	if (before) {
		expect(&released, 0, 0);
		assert_int_equal(reorder.taken, 7);
		released = finish_some(before, 1, 0);
		first--;
	}
	expect(&released, first, held ? 7 : 6);
	assert_int_equal(reorder.taken, 0);
	assert_true(falcon_reorder_empty(&reorder));
}

static void finish__several_at_once_from_the_head(void **state)
{
	finish_together(0);
}

static void finish__several_at_once_behind_another_one(void **state)
{
	finish_together(6);
}

/* The memory of a run's input, and after its processing of its output. */
static void ring__counts_the_memory_of_its_runs(void **state)
{
	struct falcon_run *first = new_run(1, 1, 4), *second = new_run(2, 2, 4);
	struct falcon_chain chain, released = {}, output = {};
	struct falcon_run *third = new_run(3, 3, 1);

	assert_int_equal(reorder.bytes, memory(0, 9));
	more(3, 3, 2);
	assert_int_equal(reorder.bytes, memory(0, 11));
	chain = start(second);
	assert_int_equal(reorder.bytes, memory(0, 11));
	/* One packet remains, and it is larger than all of them were. */
	falcon_chain_cut(&output, &chain, 1);
	output.first->truesize += 5000;
	output.bytes += 5000;
	falcon_reorder_finish(&reorder, second, &output, &released);
	assert_int_equal(reorder.bytes, memory(0, 5) + 5000 + memory(8, 3));
	chain = start(first);
	falcon_reorder_finish(&reorder, first, &chain, &released);
	assert_int_equal(released.bytes, memory(0, 5) + 5000);
	assert_int_equal(reorder.bytes, memory(8, 3));
	finish_some(third, 0, 0);
	assert_int_equal(reorder.bytes, 0);
}

static void numbers__wrap_with_a_full_ring_held(void **state)
{
	struct falcon_chain released;
	struct falcon_run *runs[FALCON_RUNS], *none;
	unsigned int i;

	numbers_begin_at(UINT32_MAX - 1);
	for (i = 0; i < FALCON_RUNS; i++) {
		runs[i] = new_run(i % 3, i, 1);
		assert_int_equal(runs[i]->number, UINT32_MAX - 1 + i);
	}
	released = chain_of(1);
	assert_int_equal(falcon_reorder_assign(&reorder, &released, 1, FALCON_RUNS, &none), 0);
	for (i = FALCON_RUNS; --i > 0;)
		finish_some(runs[i], 1, 1);
	assert_int_equal(reorder.held, FALCON_RUNS - 1);
	released = finish_some(runs[0], 1, 0);
	expect(&released, 0, FALCON_RUNS);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.head, FALCON_RUNS - 2);
}

static void numbers__wrap_one_at_a_time_keeps_the_open_run(void **state)
{
	struct falcon_run *run;
	struct falcon_chain released;
	unsigned int i;

	numbers_begin_at(UINT32_MAX - 1);
	for (i = 0; i < 4; i++) {
		run = new_run(1, 1, 1);
		assert_int_equal(run->number, UINT32_MAX - 1 + i);
		more(1, 1, 1);
		released = finish_some(run, 2, 0);
		expect(&released, 2 * i, 2);
	}
	assert_int_equal(reorder.head, 2);
}

/* The number of packets in runs that wait for their worker. */
static unsigned int queued(void)
{
	unsigned int count = 0;
	u32 i;

	for (i = reorder.head; i != reorder.tail; i++) {
		if (reorder.runs[i % FALCON_RUNS].state == FALCON_RUN_QUEUED)
			count += reorder.runs[i % FALCON_RUNS].taken;
	}
	return count;
}

/* Finish a random run of @waiting. Adds the released packets to @out. Return: the lost packets. */
static unsigned int finish_any(struct falcon_run **waiting, unsigned int waits, uint32_t *seed,
			       unsigned int *out)
{
	unsigned int i = unit_random(seed) % waits;
	struct falcon_run *run = waiting[i];
	unsigned int count = unit_random(seed) % (run->taken + 1), lost = run->taken - count;
	static unsigned int last;
	struct falcon_chain released;

	if (!*out)
		last = 0;
	waiting[i] = waiting[waits - 1];
	released = finish_some(run, count, run->number == reorder.head ? 0 : count);
	for (; released.count; ++*out) {
		i = number_of(falcon_chain_pop(&released)) + 1;
		assert_true(i > last);
		last = i;
	}
	return lost;
}

static void random__is_in_order_and_adds_up(void **state)
{
	unsigned int round, count, fits, waits = 0, out = 0, lost = 0, full = 0;
	struct falcon_run *waiting[FALCON_RUNS], *run;
	struct falcon_chain chain;
	uint32_t seed = 1;

	numbers_begin_at(UINT32_MAX - 100);
	for (round = 0; round < 20000; round++) {
		count = unit_random(&seed) % 4;
		if (used + count <= PACKETS && unit_random(&seed) % 4 < 1 + round / 500 % 2 * 2) {
			chain = chain_of(count);
			fits = falcon_reorder_assign(&reorder, &chain, unit_random(&seed) % 3,
						     unit_random(&seed) % 2, &run);
			if (run)
				waiting[waits++] = run;
			if (fits < count) {
				assert_int_equal(reorder.tail - reorder.head, FALCON_RUNS);
				full++;
			}
			used -= count - fits;
		} else if (waits) {
			lost += finish_any(waiting, waits--, &seed, &out);
		}
		assert_in_range(reorder.tail - reorder.head, waits, FALCON_RUNS);
		assert_true(reorder.taken >= queued() + reorder.held);
		assert_int_equal(used, out + lost + queued() + reorder.held);
	}
	while (waits)
		lost += finish_any(waiting, waits--, &seed, &out);
	assert_true(falcon_reorder_empty(&reorder));
	assert_int_equal(reorder.taken + reorder.held + reorder.bytes, 0);
	assert_int_equal(used, out + lost);
	assert_true(out > 1000 && lost > 1000 && full > 100 && reorder.tail < UINT32_MAX / 2);
}

#undef cmocka_unit_test
#define cmocka_unit_test(case) cmocka_unit_test_setup_teardown(case, begin, end)

/* Any two pointers: the code only compares them. */
#define DEVICE ((struct net_device *)packets)
#define OTHER  ((struct net_device *)&reorder)

static struct falcon_chain chain_for(unsigned int count, struct net_device *dev)
{
	struct falcon_chain chain = chain_of(count);
	struct sk_buff *skb;

	for (skb = chain.first; skb; skb = skb->next)
		skb->dev = dev;
	return chain;
}

static void cut_of__all_of_one_device_goes_in_portions(void **state)
{
	struct falcon_chain from = chain_for(150, DEVICE), to = {};

	assert_true(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	expect(&to, 0, 64);
	expect(&from, 64, 86);
	/* Packets already in @to count. */
	assert_true(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	expect(&from, 64, 86);
	to = (struct falcon_chain){};
	assert_true(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	to = (struct falcon_chain){};
	assert_false(falcon_chain_cut_of(&to, &from, DEVICE, 64));
	expect(&to, 128, 22);
	expect(&from, 0, 0);
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
	expect(&to, 10, 101);
	assert_int_equal(from.count, 19);
	for (i = 0; from.count; i++)
		assert_int_equal(number_of(falcon_chain_pop(&from)), i < 10 ? i : 101 + i);
	assert_false(falcon_chain_cut_of(&to, &from, OTHER, 64));
	expect(&to, 10, 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add__links_behind),
		cmocka_unit_test(pop__takes_the_first_until_empty),
		cmocka_unit_test(splice__every_length_behind_every_length),
		cmocka_unit_test(cut__every_count_of_every_length_behind_every_length),
		cmocka_unit_test(cut_to__ends_with_the_packet_that_has_the_bytes),
		cmocka_unit_test(cut_to__takes_nothing_where_there_is_no_room),
		cmocka_unit_test(assign__no_packets_take_no_run),
		cmocka_unit_test(assign__new_run_says_all_about_it),
		cmocka_unit_test(assign__leaves_the_lane_s_members),
		cmocka_unit_test(assign__queued_run_takes_more),
		cmocka_unit_test(assign__run_max_closes_a_run),
		cmocka_unit_test(assign__what_is_too_much_stays_for_the_next),
		cmocka_unit_test(assign__another_worker_closes_a_run),
		cmocka_unit_test(assign__another_batch_closes_a_run),
		cmocka_unit_test(assign__start_closes_a_run),
		cmocka_unit_test(assign__full_ring_takes_nothing),
		cmocka_unit_test(start__goes_behind_what_is_there),
		cmocka_unit_test(finish__head_is_released_at_once),
		cmocka_unit_test(finish__goes_behind_what_was_released),
		cmocka_unit_test(finish__smaller_output_counts_as_it_is),
		cmocka_unit_test(finish__nothing_left_of_all_releases_nothing),
		cmocka_unit_test(finish__last_to_first_is_held_to_the_end),
		cmocka_unit_test(finish__stops_at_the_first_that_is_not_done),
		cmocka_unit_test(finish__what_is_gone_meanwhile_is_counted_down),
		cmocka_unit_test(recall__takes_what_is_queued),
		cmocka_unit_test(finish__several_at_once_from_the_head),
		cmocka_unit_test(finish__several_at_once_behind_another_one),
		cmocka_unit_test(ring__counts_the_memory_of_its_runs),
		cmocka_unit_test(numbers__wrap_with_a_full_ring_held),
		cmocka_unit_test(numbers__wrap_one_at_a_time_keeps_the_open_run),
		cmocka_unit_test(cut_of__all_of_one_device_goes_in_portions),
		cmocka_unit_test(cut_of__others_stay_in_order),
		cmocka_unit_test(random__is_in_order_and_adds_up),
	};

	return unit_run(tests);
}
