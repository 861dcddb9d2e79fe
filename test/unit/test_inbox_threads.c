// SPDX-License-Identifier: GPL-2.0
/*
 * inbox.c as CPUs use it, under TSan: threads post parcels of numbered packets and try the lock.
 * The holder handles all parcels, and looks again after it has unlocked. After each round all
 * threads meet, and no parcel may be left. test_inbox tries every order of a few steps; here they
 * happen in parallel.
 *
 * The barriers of inbox.h are not tested here: without smp_mb() in falcon_inbox_retry() this
 * program would pass, since TSan's own atomic operations are barriers. test_inbox_barrier does it.
 */

#include <pthread.h>
#include <unistd.h>

#include "lanes/inbox.h"
#include "unit.h"

#define POSTERS 4
#define ROUNDS 5000		/* at least */
#define ROUNDS_MOST 200000	/* until a second look has found a parcel */
#define PARCELS 3		/* of each thread, in a round */
#define PARCEL 8		/* packets at most */
#define PACKETS (PARCELS * PARCEL)

struct packet {
	struct sk_buff skb;
	unsigned int number;
};

static struct falcon_inbox inbox;
static spinlock_t lock;		/* the lock of the inbox's flow */
static struct packet packets[POSTERS][PACKETS];		/* of this round */
static unsigned int brought[POSTERS];
static pthread_barrier_t round_over;
static bool parallel;			/* more than one CPU is online */

/* Written by the first thread while the others wait. */
static bool over, left_behind;
static unsigned int rounds;

/* Under the lock. */
static unsigned int expected[POSTERS], faults;
static unsigned long held, parcels, again;

static void see_to_it(void)
{
	struct llist_node *taken = falcon_inbox_take(&inbox);
	struct falcon_chain chain = {};
	struct packet *packet;
	u16 home;

	while (falcon_inbox_unpack(&inbox, &taken, &chain, &home)) {
		parcels++;
		while (chain.count) {
			packet = container_of(falcon_chain_pop(&chain), struct packet, skb);
			faults += packet->number != expected[home]++;
		}
	}
}

static void hand_over(struct falcon_chain *chain, u16 home)
{
	unsigned int goes = 0;

	falcon_inbox_post(&inbox, chain, home);
	if (!spin_trylock(&lock))
		return;
	do {
		held++;
		again += goes++ > 0;
		see_to_it();
		spin_unlock(&lock);
	} while (falcon_inbox_retry(&inbox, &lock));
}

static void bring_parcel(u16 home, uint32_t *seed)
{
	unsigned int count = 1 + unit_random(seed) % PARCEL;
	struct falcon_chain chain = {};
	struct packet *packet;

	while (count--) {
		packet = &packets[home][brought[home] % PACKETS];
		packet->number = brought[home]++;
		packet->skb.truesize = 100;
		falcon_chain_add(&chain, &packet->skb);
	}
	hand_over(&chain, home);
}

/* With one CPU a second look that finds a parcel is rare, so nobody waits for one. */
static void judge(void)
{
	rounds++;
	left_behind = !falcon_inbox_is_empty(&inbox);
	over = left_behind || rounds == ROUNDS_MOST ||
	       (rounds >= ROUNDS && (again || !parallel));
}

static void *bring(void *argument)
{
	u16 home = (uintptr_t)argument;
	uint32_t seed = 77 + home;
	unsigned int i;

	while (!over) {
		for (i = 0; i < PARCELS; i++)
			bring_parcel(home, &seed);
		pthread_barrier_wait(&round_over);
		if (!home)
			judge();
		pthread_barrier_wait(&round_over);
	}
	return NULL;
}

static void inbox_threads__every_parcel_is_seen_to_once_and_in_order(void **state)
{
	pthread_t threads[POSTERS];
	uintptr_t i;

	parallel = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	pthread_barrier_init(&round_over, NULL, POSTERS);
	for (i = 0; i < POSTERS; i++)
		pthread_create(&threads[i], NULL, bring, (void *)i);
	for (i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	printf("inbox: %u rounds, %lu parcels, lock held %lu times, %lu of them by a second look\n",
	       rounds, parcels, held, again);
	for (i = 0; i < POSTERS; i++)
		assert_int_equal(expected[i], brought[i]);
	assert_int_equal(faults, 0);
	assert_false(left_behind);
	assert_int_equal(falcon_inbox_weight(&inbox), 0);
	if (parallel)
		assert_true(again > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbox_threads__every_parcel_is_seen_to_once_and_in_order),
	};

	return unit_run(tests);
}
