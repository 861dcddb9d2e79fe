/* SPDX-License-Identifier: GPL-2.0 */
/* How falconctl fails: exit codes, messages, and the guess at what was meant. */
#ifndef FALCONCTL_ERROR_H
#define FALCONCTL_ERROR_H

#include <stddef.h>

enum exit_code {
	EXIT_OK,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_NOT_LOADED,
	EXIT_NOT_PERMITTED,
	EXIT_UNFIT,
	EXIT_SYSTEM,
	EXIT_CODES,
};

/* What each means, for help; the man page says the same. */
extern const char *const exit_docs[EXIT_CODES];

/*
 * Tell what went wrong on stderr, as text or as JSON, and return code. attribute: the key
 * that is to blame, or NULL; errnum: errno, or 0 for none.
 */
int fail(enum exit_code code, int errnum, const char *attribute, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The output is complete. EXIT_OK, or EXIT_SYSTEM, told, when it could not be written. */
int finish(void);

/* Collects known words and keeps the one that is most like what was typed. */
struct nearest {
	const char *word;
	const char *best;
	unsigned int distance;
};

void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *known);

/* ", did you mean 'X'?" into buf, or nothing when no known word is like it. */
const char *nearest_hint(const struct nearest *n, char *buf, size_t size);

#endif
