// SPDX-License-Identifier: GPL-2.0
/*
 * The barriers of inbox.h, on two CPUs and without a sanitizer, whose own atomic operations would
 * be barriers. One thread posts, then tries the lock; the other one unlocks, then looks again. One
 * of them must get the lock. Without a barrier in one of them both miss the other's step now and
 * then, since each CPU has its own step in its store buffer still.
 *
 * Both do so with many flows, one after the other. So they meet somewhere, although nobody can
 * make two CPUs begin at the same moment.
 */

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "lanes/inbox.h"
#include "unit.h"

#define FLOWS 256
#define ROUNDS 5000		/* at most */
#define SECONDS 30		/* likewise: the machine may be busy */
#define LEADS 4096		/* of one thread, at most */

/* What the two write is in cache lines apart, or one step would carry the other one along. */
static struct {
	struct falcon_inbox inbox __attribute__((aligned(128)));
	spinlock_t lock __attribute__((aligned(128)));	/* of the inbox's flow */
	struct sk_buff skb __attribute__((aligned(128)));
	bool poster_got;
	bool holder_got __attribute__((aligned(128)));
} flows[FLOWS];

static int cpus[2];
static unsigned int begun __attribute__((aligned(128)));	/* rounds */
static unsigned int posted __attribute__((aligned(128)));	/* rounds, by the poster */
static bool last;		/* the round that has begun is the last one */

/* Two CPUs for the two. Return: false if there is one only. */
static bool find_cpus(void)
{
	unsigned int count = 0;
	cpu_set_t mine;
	int cpu;

	sched_getaffinity(0, sizeof(mine), &mine);
	for (cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
		if (CPU_ISSET(cpu, &mine))
			cpus[count++] = cpu;
	return count == 2;
}

static void stay_on(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	pthread_setaffinity_np(pthread_self(), sizeof(only), &only);
}

/* Wait for the other thread, whose CPU may do something else. */
static void wait_for(const unsigned int *rounds, unsigned int wanted)
{
	unsigned int tries = 0;

	while (__atomic_load_n(rounds, __ATOMIC_ACQUIRE) != wanted)
		if (++tries % 1000 == 0)
			sched_yield();
}

static void lead(unsigned int steps)
{
	volatile unsigned int step;

	for (step = 0; step < steps; step++)
		;
}

static void *post(void *argument)
{
	struct falcon_chain chain = {};
	unsigned int round = 0, i;
	bool over = false;

	stay_on(cpus[1]);
	while (!over) {
		wait_for(&begun, ++round);
		over = last;
		lead(unit_random(&(uint32_t){ round }) % LEADS);
		for (i = 0; i < FLOWS; i++) {
			falcon_chain_add(&chain, &flows[i].skb);
			falcon_inbox_post(&flows[i].inbox, &chain, 0);
			flows[i].poster_got = spin_trylock(&flows[i].lock);
		}
		__atomic_store_n(&posted, round, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Make all flows as they were. Return: flows whose lock nobody got. */
static unsigned int reset(void)
{
	unsigned int i, missed = 0;

	for (i = 0; i < FLOWS; i++) {
		missed += !flows[i].holder_got && !flows[i].poster_got;
		memset(&flows[i], 0, sizeof(flows[i]));
		flows[i].lock.held = true;
	}
	return missed;
}

/* Both at once, as often as there are flows. */
static void play(unsigned int round)
{
	unsigned int i;

	__atomic_store_n(&begun, round, __ATOMIC_RELEASE);
	lead(unit_random(&(uint32_t){ ~round }) % LEADS);
	for (i = 0; i < FLOWS; i++) {
		spin_unlock(&flows[i].lock);
		flows[i].holder_got = falcon_inbox_retry(&flows[i].inbox, &flows[i].lock);
	}
	wait_for(&posted, round);
}

static void inbox__is_seen_by_who_posts_or_by_who_gives_the_lock_back(void **state)
{
	time_t end = time(NULL) + SECONDS;
	unsigned int round = 0, missed = 0;
	pthread_t poster;

	if (!find_cpus()) {
		printf("inbox: one CPU, and so nothing to see\n");
		return;
	}
	stay_on(cpus[0]);
	reset();
	pthread_create(&poster, NULL, post, NULL);
	while (!last) {
		last = ++round == ROUNDS || missed || time(NULL) >= end;
		play(round);
		missed += reset();
	}
	pthread_join(poster, NULL);
	printf("inbox: %u rounds of %u flows, %u of them missed\n", round, FLOWS, missed);
	assert_int_equal(missed, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbox__is_seen_by_who_posts_or_by_who_gives_the_lock_back),
	};

	return unit_run(tests);
}
