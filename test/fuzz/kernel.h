/* SPDX-License-Identifier: GPL-2.0 */
/*
 * falconctl within the fuzzer's process, and the kernel that it talks to: the part of libmnl that
 * does, answering from memory.
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
	bool obeys;		/* none: whatever is asked is acknowledged */
	bool seals;		/* gives answers the sequence number of what was asked */
	bool has_family;	/* answers properly who asks for the family */

	unsigned int asked;	/* requests to the family falcon */
};

extern struct kernel kernel;

#define KERNEL_WORDS 48

/* Run falconctl, which may say what it likes, and see that it ends with one of its exit codes. */
int kernel_run(const char *const *words, int count);

#endif
