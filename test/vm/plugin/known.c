// SPDX-License-Identifier: GPL-2.0
/*
 * Executes in the guest what the plugin's counts are compared with:
 *
 *	known loop N		two instructions N times
 *	known rep N		one instruction N times, which writes 4096 bytes
 *	known share N CPU CPU	two threads, each on its CPU, write a line in turn, N times each
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long times;
static unsigned long turn __attribute__((aligned(64)));

struct side {
	int cpu;
	unsigned long parity;
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("known: sched_setaffinity");
		exit(1);
	}
}

static void *write_in_turn(void *data)
{
	const struct side *side = data;

	pin(side->cpu);
	for (unsigned long i = 0; i < times; i++) {
		while ((__atomic_load_n(&turn, __ATOMIC_ACQUIRE) & 1) != side->parity)
			__asm__ volatile("pause");
		__atomic_fetch_add(&turn, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static char buffer[4096];

	times = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (argc == 3 && !strcmp(argv[1], "loop")) {
		unsigned long left = times;

		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(left));
	} else if (argc == 3 && !strcmp(argv[1], "rep")) {
		for (unsigned long i = 0; i < times; i++) {
			void *to = buffer;
			unsigned long count = sizeof(buffer);

			__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
		}
	} else if (argc == 5 && !strcmp(argv[1], "share")) {
		struct side side[2] = { { atoi(argv[3]), 0 }, { atoi(argv[4]), 1 } };
		pthread_t other;

		if (pthread_create(&other, NULL, write_in_turn, &side[1]))
			return 1;
		write_in_turn(&side[0]);
		pthread_join(other, NULL);
	} else {
		fprintf(stderr, "usage: known loop|rep N | known share N CPU CPU\n");
		return 2;
	}
	return 0;
}
