// SPDX-License-Identifier: GPL-2.0
/*
 * reorder.c as threads use it, under TSan: one thread takes packets of two flows, three workers
 * have a lane each, and a flow's lock is the only one around its ring. Workers drop and merge at
 * random, the set of workers changes, and now and then one leaves its lane to another worker and
 * returns. test_reorder_model tries every order; here it is chance, but in parallel and with
 * millions of packets.
 */

#include <pthread.h>
#include <time.h>

#include "lanes/reorder.h"
#include "unit.h"

#define ROUNDS 5
#define PACKETS 1000000		/* in a round */
#define FLOWS 2
#define WORKERS 3
#define POLL 64			/* packets of a flow in one NIC poll at most */
#define BATCH 48
#define WAITING_MAX 1024	/* at this number the taker waits */
#define TOGETHER 4		/* runs that a worker takes at once */
#define DEADLINE 50		/* seconds for a round, which takes one */

enum fate { IN_FLIGHT, DROPPED, MERGED, DELIVERED };

struct packet {
	struct sk_buff skb;
	unsigned int number;		/* number in its flow */
	unsigned int covers;		/* itself and the packets merged into it */
	unsigned char fate;
};

struct falcon_flow {
	pthread_mutex_t lock;		/* protects all below; a lane's lock nests inside */
	pthread_cond_t room;
	struct falcon_reorder reorder;
	struct falcon_chain waiting;
	unsigned int workers[WORKERS], count, turn, in_batch;
	u32 batch;
	struct packet *packets;
	unsigned int arrived;		/* only the taker uses it */
	unsigned int expected;		/* number of the packet that may come next, or one after */
	unsigned int dropped, merged, delivered, held;
	unsigned int faults;
};

struct lane {
	pthread_mutex_t lock;		/* protects all below */
	pthread_cond_t work;
	struct list_head runs;
	bool away, end;
	unsigned int leaves, taken, inherited;
	uint32_t seed;			/* its own thread's */
};

static struct falcon_flow flows[FLOWS];
static struct lane lanes[WORKERS];

/* A run for a worker, or for the next one if it is away. At least one worker is present. */
static void queue(unsigned int worker, struct falcon_run *run)
{
	struct lane *lane;
	bool away;

	do {
		lane = &lanes[worker % WORKERS];
		worker++;
		pthread_mutex_lock(&lane->lock);
		away = lane->away;
		if (!away) {
			list_add_tail(&run->node, &lane->runs);
			pthread_cond_signal(&lane->work);
		}
		pthread_mutex_unlock(&lane->lock);
	} while (away);
}

static void push(struct falcon_flow *flow)
{
	struct falcon_run *run;
	unsigned int count, worker;

	while (flow->waiting.count) {
		if (flow->in_batch >= BATCH) {
			flow->batch++;
			flow->in_batch = 0;
			flow->turn = (flow->turn + 1) % flow->count;
		}
		worker = flow->workers[flow->turn];
		count = falcon_reorder_assign(&flow->reorder, &flow->waiting, worker,
					      flow->batch, &run);
		if (!count)
			return;
		flow->in_batch += count;
		if (run) {
			run->flow = flow;
			queue(worker, run);
		}
	}
}

/*
 * Released packets must follow the previous ones; only dropped and merged packets may be between.
 */
static void deliver(struct falcon_flow *flow, struct falcon_chain *released)
{
	struct packet *packet;
	unsigned int i;

	while (released->count) {
		packet = container_of(falcon_chain_pop(released), struct packet, skb);
		for (i = flow->expected; i < packet->number; i++)
			flow->faults += flow->packets[i].fate != DROPPED &&
					    flow->packets[i].fate != MERGED;
		flow->faults += packet->number < flow->expected;
		flow->faults += packet->fate != IN_FLIGHT;
		packet->fate = DELIVERED;
		flow->expected = packet->number + 1;
		flow->delivered++;
	}
}

/* Process the flow's packets in @packets: each is passed on, dropped or merged. */
static void process(struct falcon_chain *packets, struct falcon_chain *output, uint32_t *seed,
		    unsigned int *dropped, unsigned int *merged)
{
	bool merges = unit_random(seed) % 2;	/* a run of TCP, or of UDP */
	struct packet *packet, *last = NULL;

	while (packets->count) {
		packet = container_of(falcon_chain_pop(packets), struct packet, skb);
		if (unit_random(seed) % 16 == 0) {
			packet->fate = DROPPED;
			++*dropped;
		} else if (merges && last && unit_random(seed) % 8) {
			packet->fate = MERGED;
			last->covers += packet->covers;
			++*merged;
		} else {
			falcon_chain_add(output, &packet->skb);
			last = packet;
		}
	}
}

static struct falcon_run *run_at(struct falcon_flow *flow, u32 number)
{
	return &flow->reorder.runs[number % FALCON_RUNS];
}

/* Like falcon_transit_process(). */
static void work(struct falcon_flow *flow, u32 first, unsigned int count, uint32_t *seed)
{
	struct falcon_chain packets = {}, output = {}, none = {}, released = {};
	unsigned int dropped = 0, merged = 0, i;

	pthread_mutex_lock(&flow->lock);
	for (i = 0; i < count; i++)
		falcon_reorder_start(run_at(flow, first + i), &packets);
	pthread_mutex_unlock(&flow->lock);

	process(&packets, &output, seed, &dropped, &merged);

	pthread_mutex_lock(&flow->lock);
	for (i = 0; i < count; i++)
		flow->held += falcon_reorder_finish(&flow->reorder, run_at(flow, first + i),
						    i == count - 1 ? &output : &none, &released);
	flow->dropped += dropped;
	flow->merged += merged;
	deliver(flow, &released);
	push(flow);
	pthread_cond_signal(&flow->room);
	pthread_mutex_unlock(&flow->lock);
}

/* Like pop_runs() of lane.c. */
static unsigned int pop(struct lane *lane, struct falcon_flow **flow, u32 *first)
{
	struct falcon_run *run;
	unsigned int count = 0;

	while (!list_empty(&lane->runs) && count < TOGETHER) {
		run = list_first_entry(&lane->runs, struct falcon_run, node);
		if (!count) {
			*flow = run->flow;
			*first = run->number;
		} else if (run->flow != *flow || run->number != *first + count) {
			break;
		}
		list_del(&run->node);
		count++;
	}
	lane->taken += count;
	return count;
}

static void *worker(void *data)
{
	struct lane *lane = data;
	struct falcon_flow *flow;
	unsigned int count;
	u32 first;

	pthread_mutex_lock(&lane->lock);
	for (;;) {
		count = pop(lane, &flow, &first);
		if (!count && lane->end)
			break;
		if (!count) {
			pthread_cond_wait(&lane->work, &lane->lock);
			continue;
		}
		pthread_mutex_unlock(&lane->lock);
		work(flow, first, count, &lane->seed);
		pthread_mutex_lock(&lane->lock);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

/* A worker leaves, or the absent one returns. Another worker processes its queued runs. */
static void leave_or_return(unsigned int *away, uint32_t *seed)
{
	LIST_HEAD(runs);
	struct falcon_run *run;
	struct lane *lane;
	unsigned int heir;

	if (*away < WORKERS) {
		lane = &lanes[*away];
		pthread_mutex_lock(&lane->lock);
		lane->away = false;
		pthread_mutex_unlock(&lane->lock);
		*away = WORKERS;
		return;
	}
	*away = unit_random(seed) % WORKERS;
	heir = (*away + 1 + unit_random(seed) % (WORKERS - 1)) % WORKERS;
	lane = &lanes[*away];
	pthread_mutex_lock(&lane->lock);
	lane->away = true;
	lane->leaves++;
	list_for_each_entry(run, &lane->runs, node)
		lane->inherited++;
	list_splice_tail_init(&lane->runs, &runs);
	pthread_mutex_unlock(&lane->lock);
	lane = &lanes[heir];
	pthread_mutex_lock(&lane->lock);
	list_splice_tail_init(&runs, &lane->runs);
	pthread_cond_signal(&lane->work);
	pthread_mutex_unlock(&lane->lock);
}

static void change_workers(struct falcon_flow *flow, uint32_t *seed)
{
	unsigned int i;

	flow->count = 1 + unit_random(seed) % WORKERS;
	flow->workers[0] = unit_random(seed) % WORKERS;
	for (i = 1; i < flow->count; i++)
		flow->workers[i] = (flow->workers[0] + i) % WORKERS;
	flow->turn %= flow->count;
}

static struct timespec stalled_at;

/*
 * Wait until @flow has fewer than @limit packets waiting or in the ring. Return: false if it
 * stalls.
 */
static bool wait_for_room(struct falcon_flow *flow, unsigned int limit)
{
	while (flow->waiting.count + flow->reorder.taken >= limit) {
		if (pthread_cond_timedwait(&flow->room, &flow->lock, &stalled_at))
			return false;
	}
	return true;
}

/* Every poll brings packets of both flows. Return: false if one of them stalls. */
static bool take_all(uint32_t *seed)
{
	struct falcon_flow *flow;
	unsigned int polls, count, i, away = WORKERS;
	bool more = true, moves = true;

	for (polls = 0; more && moves; polls++) {
		more = false;
		if (polls % 64 == 63)
			leave_or_return(&away, seed);
		for (i = 0; i < FLOWS && moves; i++) {
			flow = &flows[i];
			pthread_mutex_lock(&flow->lock);
			if (polls % 128 == 100)
				change_workers(flow, seed);
			count = 1 + unit_random(seed) % POLL;
			for (; count && flow->arrived < PACKETS / FLOWS; count--)
				falcon_chain_add(&flow->waiting,
						 &flow->packets[flow->arrived++].skb);
			push(flow);
			moves = wait_for_room(flow, WAITING_MAX);
			more |= flow->arrived < PACKETS / FLOWS;
			pthread_mutex_unlock(&flow->lock);
		}
	}
	for (i = 0; i < FLOWS && moves; i++) {
		pthread_mutex_lock(&flows[i].lock);
		moves = wait_for_room(&flows[i], 1);
		pthread_mutex_unlock(&flows[i].lock);
	}
	return moves;
}

static void begin_flow(struct falcon_flow *flow, u32 first, uint32_t *seed)
{
	unsigned int i;

	pthread_mutex_init(&flow->lock, NULL);
	pthread_cond_init(&flow->room, NULL);
	flow->reorder.head = first;
	flow->reorder.tail = first;
	flow->packets = calloc(PACKETS / FLOWS, sizeof(*flow->packets));
	assert_non_null(flow->packets);
	for (i = 0; i < PACKETS / FLOWS; i++) {
		flow->packets[i].number = i;
		flow->packets[i].covers = 1;
	}
	change_workers(flow, seed);
}

/* The counters agree with the packets. */
static void check(const struct falcon_flow *flow)
{
	unsigned int i, fates[DELIVERED + 1] = {}, covered = 0;

	for (i = 0; i < PACKETS / FLOWS; i++) {
		fates[flow->packets[i].fate]++;
		if (flow->packets[i].fate == DELIVERED)
			covered += flow->packets[i].covers;
	}
	assert_int_equal(flow->faults, 0);
	assert_int_equal(fates[IN_FLIGHT], 0);
	assert_int_equal(fates[DROPPED], flow->dropped);
	assert_int_equal(fates[MERGED], flow->merged);
	assert_int_equal(fates[DELIVERED], flow->delivered);
	assert_int_equal(covered + flow->dropped, PACKETS / FLOWS);
	assert_true(falcon_reorder_empty(&flow->reorder));
	assert_int_equal(flow->reorder.taken + flow->reorder.held, 0);
	assert_int_equal(flow->waiting.count, 0);
	/* All of these events did happen. */
	assert_true(flow->dropped > 1000 && flow->merged > 1000 && flow->held > 1000);
}

static void begin(pthread_t *threads, uint32_t *seed)
{
	unsigned int i;

	memset(flows, 0, sizeof(flows));
	memset(lanes, 0, sizeof(lanes));
	clock_gettime(CLOCK_REALTIME, &stalled_at);
	stalled_at.tv_sec += DEADLINE;
	for (i = 0; i < FLOWS; i++)
		begin_flow(&flows[i], UINT32_MAX - 1000, seed);
	for (i = 0; i < WORKERS; i++) {
		pthread_mutex_init(&lanes[i].lock, NULL);
		pthread_cond_init(&lanes[i].work, NULL);
		INIT_LIST_HEAD(&lanes[i].runs);
		lanes[i].seed = unit_random(seed);
		assert_int_equal(pthread_create(&threads[i], NULL, worker, &lanes[i]), 0);
	}
}

static void end(pthread_t *threads)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++) {
		pthread_mutex_lock(&lanes[i].lock);
		lanes[i].end = true;
		pthread_cond_signal(&lanes[i].work);
		pthread_mutex_unlock(&lanes[i].lock);
	}
	for (i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], NULL);
		print_message("worker %u: %u runs, left %u times and %u runs to another one\n", i,
			      lanes[i].taken, lanes[i].leaves, lanes[i].inherited);
	}
	for (i = 0; i < FLOWS; i++)
		print_message("flow %u: %u delivered, %u dropped, %u merged, %u held, %u faults\n",
			      i, flows[i].delivered, flows[i].dropped, flows[i].merged,
			      flows[i].held, flows[i].faults);
}

static void threads__order_conservation_no_stall(void **state)
{
	pthread_t threads[WORKERS];
	unsigned int round, i;
	uint32_t seed = 1;
	bool moved;

	for (round = 0; round < ROUNDS; round++) {
		begin(threads, &seed);
		moved = take_all(&seed);
		end(threads);
		assert_true(moved);
		for (i = 0; i < FLOWS; i++) {
			check(&flows[i]);
			free(flows[i].packets);
		}
		for (i = 0; i < WORKERS; i++)
			assert_true(lanes[i].taken > 1000 && lanes[i].leaves && lanes[i].inherited);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads__order_conservation_no_stall),
	};

	return unit_run(tests);
}
