/* SPDX-License-Identifier: GPL-2.0 */
/* Findings of 'falconctl check'; a file for each field looks, check.c tells. */
#ifndef FALCONCTL_CHECK_H
#define FALCONCTL_CHECK_H

#include <stdbool.h>

enum result {
	RESULT_OK,
	RESULT_UNKNOWN,		/* could not be found out */
	RESULT_WARN,		/* falcon runs, but the user should know */
	RESULT_FAIL,		/* falcon cannot run */
	RESULTS,
};

/* advice: what to do, or what would be faster; NULL for nothing. */
void finding(const char *name, enum result result, const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A kernel function that falcon hooks. */
struct hooked {
	const char *symbol;
	const char *older;	/* what stands in for it in older kernels, or NULL */
	const char *module;	/* that has it, or NULL */
	bool seldom;		/* few need that */
	const char *without;	/* what is lost without it; NULL: falcon cannot do without */
};

extern const struct hooked hooked[];
#define HOOKED 8

void check_kernel(void);	/* version, options, PREEMPT_RT, ftrace, init_on_alloc */
void check_symbols(void);	/* the functions to hook, and who else hooks them */
void check_signature(void);	/* lockdown, Secure Boot, the module's signature */
void check_net(void);		/* CPUs, RPS, RFS, NAPI threads, NICs, tunnels, encryption */

/* Words that stand for a list too long to show: "a, b, c and 4 more". */
struct few {
	char text[256];
	unsigned int count;
};

void few_add(struct few *few, const char *word);
/* Ends it, after the last few_add(). */
const char *few_text(struct few *few);

#endif
