// SPDX-License-Identifier: GPL-2.0
/*
 * falconctl reads the kernel's answers: a byte for the command, a byte for options, then the
 * answers.
 */
#include <string.h>

#include "fuzz.h"
#include "kernel.h"

#define WORDS 5

/* Must match seeds.py and test_fuzz.py. */
static const char *const commands[][WORDS] = {
	{ "status" },
	{ "config", "show" },
	{ "config", "set", "cpus=1-3", "workers=2" },
	{ "device", "list" },
	{ "cpu", "list" },
	{ "flow", "list" },
	{ "stats", "show", "--explain" },
	{ "priority", "list" },
	{ "priority", "add", "dport=80", "saddr=10.0.0.0/8" },
	{ "monitor" },
	{ "top", "--count", "2" },
	{ "version" },
	{ "enable" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const *command;
	const char *words[WORDS + 1];
	uint8_t which, how;
	int count = 0;

	fuzz_take(&data, &size, &which, sizeof(which));
	fuzz_take(&data, &size, &how, sizeof(how));
	command = commands[which % (sizeof(commands) / sizeof(commands[0]))];
	for (; count < WORDS && command[count]; count++)
		words[count] = command[count];
	if (how & 1)
		words[count++] = "--json";
	kernel = (struct kernel){
		.data = data, .size = size, .seals = !(how & 2), .has_family = !(how & 4),
	};
	kernel_run(words, count);
	return 0;
}
