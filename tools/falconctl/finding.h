/* SPDX-License-Identifier: GPL-2.0 */
/* Prints the findings of 'falconctl check', and counts them. */
#ifndef FALCONCTL_FINDING_H
#define FALCONCTL_FINDING_H

enum result {
	RESULT_OK,
	RESULT_UNKNOWN,		/* check could not find out */
	RESULT_WARN,		/* falcon runs, but the user should know */
	RESULT_FAIL,		/* falcon cannot run */
	RESULTS,
};

extern const char *const result_names[RESULTS];

/* advice: what to do, or what would be faster; NULL for nothing. */
void finding(const char *name, enum result result, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The number of findings with that result so far. */
unsigned int findings(enum result result);

/* The first words of a list that is too long to show: "a, b, c and 4 more". */
struct few {
	char text[256];
	unsigned int count;
};

void few_add(struct few *few, const char *word);
/* The text, after the last few_add(). */
const char *few_text(struct few *few);

#endif
