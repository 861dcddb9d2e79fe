// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE	/* strerrorname_np() */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "output.h"

/* distance() compares no more of a word. */
#define WORD_MAX 64

const char *const exit_docs[EXIT_CODES] = {
	[EXIT_OK] = "Done.",
	[EXIT_REFUSED] = "The kernel module refused the request, and said why.",
	[EXIT_USAGE] = "The command line is wrong. Nothing was done.",
	[EXIT_NOT_LOADED] = "The kernel module is not loaded.",
	[EXIT_NOT_PERMITTED] =
		"Not permitted: falcon answers only to root of the initial namespaces.",
	[EXIT_UNFIT] = "check found a reason why falcon cannot run here.",
	[EXIT_SYSTEM] =
		"No memory, no socket, output that cannot be written, or an answer that makes no sense.",
};

int fail(enum exit_code code, int errnum, const char *attribute, const char *fmt, ...)
{
	const char *name = errnum ? strerrorname_np(errnum) : NULL;
	char message[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);

	out_to(stderr);
	out_object(NULL);
	out_object("error");
	out_text("falconctl: ");
	if (attribute)
		out_string("attribute", "%s: ", attribute);
	out_string("message", "%s", message);
	if (errnum)
		out_uint("errno", NULL, (unsigned int)errnum);
	if (name)
		out_string("name", " (%s)", name);
	out_text("\n");
	out_uint("exit", NULL, code);
	out_object_end();
	out_object_end();
	out_finish();
	out_to(stdout);
	return code;
}

int finish(void)
{
	int error = out_finish();

	return error ? fail(EXIT_SYSTEM, error, NULL, "cannot write the output") : EXIT_OK;
}

/* The number of edits from a to b: inserted, deleted, replaced letters (Levenshtein). */
static unsigned int distance(const char *a, const char *b)
{
	size_t len_a = strnlen(a, WORD_MAX), len_b = strnlen(b, WORD_MAX);
	unsigned int row[WORD_MAX + 1];

	for (size_t j = 0; j <= len_b; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= len_a; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= len_b; j++) {
			unsigned int best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[len_b];
}

void nearest_init(struct nearest *n, const char *word)
{
	/* More than half of the word wrong is no typing error. */
	*n = (struct nearest){ .word = word,
			       .distance = (unsigned int)strnlen(word, WORD_MAX) / 2 + 1 };
}

void nearest_offer(struct nearest *n, const char *known)
{
	size_t len = strlen(n->word);
	unsigned int d = distance(n->word, known);

	/* The beginning of a word counts as one wrong letter. */
	if (len && !strncmp(known, n->word, len) && d > 1)
		d = 1;
	if (d < n->distance || (d == n->distance && !n->best)) {
		n->distance = d;
		n->best = known;
	}
}

const char *nearest_hint(const struct nearest *n, char *buf, size_t size)
{
	buf[0] = '\0';
	if (n->best)
		snprintf(buf, size, ", did you mean '%s'?", n->best);
	return buf;
}
