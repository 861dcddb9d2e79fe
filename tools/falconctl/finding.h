/* SPDX-License-Identifier: GPL-2.0 */
/* What 'falconctl check' finds: tells it, and counts it. */
#ifndef FALCONCTL_FINDING_H
#define FALCONCTL_FINDING_H

enum result {
	RESULT_OK,
	RESULT_UNKNOWN,		/* could not be found out */
	RESULT_WARN,		/* falcon runs, but the user should know */
	RESULT_FAIL,		/* falcon cannot run */
	RESULTS,
};

extern const char *const result_names[RESULTS];

/* advice: what to do, or what would be faster; NULL for nothing. */
void finding(const char *name, enum result result, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* How many there were so far with that result. */
unsigned int findings(enum result result);

/* Words that stand for a list too long to show: "a, b, c and 4 more". */
struct few {
	char text[256];
	unsigned int count;
};

void few_add(struct few *few, const char *word);
/* Ends it, after the last few_add(). */
const char *few_text(struct few *few);

#endif
