// SPDX-License-Identifier: GPL-2.0

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "meter.h"
#include "serve.h"
#include "stack.h"

#define LINE 4096

/* Not a FILE: when QEMU exits it would wait for the lock of one that is being read. */
static int peer;

struct words {
	uint64_t *word;
	size_t count, room;
};

static void add(struct words *words, uint64_t value)
{
	if (words->count == words->room) {
		words->room = words->room ? 2 * words->room : 1024;
		words->word = realloc(words->word, words->room * sizeof(value));
		if (!words->word)
			abort();
	}
	words->word[words->count++] = value;
}

static void add_totals(struct words *words)
{
	for (unsigned int vcpu = 0; vcpu < meter_vcpus(); vcpu++)
		for (unsigned int total = 0; total < METER_TOTALS; total++)
			add(words, meter_vcpu(vcpu)->total[total]);
}

static void add_blocks(struct words *words)
{
	uint32_t count = block_count();

	for (uint32_t number = 0; number < count; number++) {
		add(words, block_at(number)->vaddr);
		add(words, block_at(number)->instructions);
		for (unsigned int vcpu = 0; vcpu < meter_vcpus(); vcpu++)
			add(words, meter_vcpu(vcpu)->executions[number]);
	}
}

static void add_stacks(struct words *words)
{
	for (unsigned int vcpu = 0; vcpu < meter_vcpus(); vcpu++) {
		uint32_t count;
		const struct stack_node *nodes = stack_nodes(vcpu, &count);

		add(words, count);
		for (uint32_t node = 0; node < count; node++) {
			add(words, nodes[node].parent);
			add(words, nodes[node].function);
			add(words, nodes[node].instructions);
			add(words, nodes[node].lines);
		}
	}
}

static const char *answer(const char *line, struct words *words)
{
	if (!strcmp(line, "totals"))
		add_totals(words);
	else if (!strcmp(line, "blocks"))
		add_blocks(words);
	else if (!strcmp(line, "stacks"))
		add_stacks(words);
	else if (!strcmp(line, "count"))
		return meter_set_mode(false) ? NULL : "the guest's code is not translated anew";
	else if (strncmp(line, "lines ", 6))
		return "no such request";
	else if (!block_read_symbols(line + 6))
		return "no file of functions";
	else
		return meter_set_mode(true) ? NULL : "the guest's code is not translated anew";
	return NULL;
}

/* The next request; false when there will be none. */
static bool next_line(char *line)
{
	size_t len;

	for (len = 0; len < LINE - 1; len++) {
		if (read(peer, line + len, 1) != 1)
			return false;
		if (line[len] == '\n')
			break;
	}
	line[len] = '\0';
	return true;
}

static void put(const void *data, size_t len)
{
	while (len) {
		ssize_t done = write(peer, data, len);

		if (done <= 0)
			return;
		data = (const char *)data + done;
		len -= done;
	}
}

static void *run(void *unused)
{
	char line[LINE], head[LINE];

	(void)unused;
	while (next_line(line)) {
		struct words words = {};
		const char *error = answer(line, &words);
		size_t bytes = words.count * sizeof(*words.word);

		if (error)
			snprintf(head, sizeof(head), "error %s\n", error);
		else
			snprintf(head, sizeof(head), "ok %zu\n", bytes);
		put(head, strlen(head));
		put(words.word, bytes);
		free(words.word);
	}
	return NULL;
}

bool serve(int fd)
{
	pthread_t thread;

	peer = fd;
	return !pthread_create(&thread, NULL, run, NULL);
}
