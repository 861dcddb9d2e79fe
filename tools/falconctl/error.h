/* SPDX-License-Identifier: GPL-2.0 */
/* Exit codes, error messages, and the nearest known word. */
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

/* The meaning of each, for help; the manual page says the same. */
extern const char *const exit_docs[EXIT_CODES];

/*
 * Print an error message on stderr, as text or as JSON, and return code. attribute: the key in
 * question, or NULL; errnum: errno, or 0 for none.
 */
int fail(enum exit_code code, int errnum, const char *attribute, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The output is complete. Return: EXIT_OK, or EXIT_SYSTEM after an error message if it could not be
 * written.
 */
int finish(void);

/* Keeps the known word that is nearest to the typed one. */
struct nearest {
	const char *word;
	const char *best;
	unsigned int distance;
};

void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *known);

/* Write ", did you mean 'X'?" into buf, or nothing if no known word is near. */
const char *nearest_hint(const struct nearest *n, char *buf, size_t size);

#endif
