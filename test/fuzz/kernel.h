/* SPDX-License-Identifier: GPL-2.0 */
/*
 * falconctl inside the fuzzer's process, and a simulated kernel: the part of libmnl that falconctl
 * needs, which answers from memory.
 */

#ifndef _KERNEL_H
#define _KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel {
	/* The packets to answer with, each after two bytes with its length; then silence. */
	const uint8_t *data;
	size_t size;
	bool obeys;		/* no answers: every request is acknowledged */
	bool seals;		/* sets an answer's sequence number to the request's */
	bool has_family;	/* answers requests for the family correctly */

	unsigned int asked;	/* requests to the family falcon */
};

extern struct kernel kernel;

#define KERNEL_WORDS 48

/* Run falconctl, whatever it prints, and assert that it ends with one of its exit codes. */
int kernel_run(const char *const *words, int count);

#endif
