// SPDX-License-Identifier: GPL-2.0
/*
 * falconctl's command line: words, each up to a NUL. It must report errors before it does anything.
 */
#include <string.h>

#include "error.h"
#include "fuzz.h"
#include "kernel.h"

#define LENGTH 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *words[KERNEL_WORDS], *at;
	char text[LENGTH + 1];
	int count = 0, code;

	if (size > LENGTH)
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	for (at = text; at < text + size && count < KERNEL_WORDS; at += strlen(at) + 1) {
		/* Do not read another host's files. */
		if (!strncmp(at, "--root", 6))
			return -1;
		words[count++] = at;
	}
	kernel = (struct kernel){ .has_family = true, .obeys = true };
	code = kernel_run(words, count);
	must(code != EXIT_USAGE || !kernel.asked);
	return 0;
}
