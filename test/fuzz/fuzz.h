/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For libFuzzer's programs (make fuzz): ASan detects a read beyond the input, the programs check
 * the rest.
 */

#ifndef _FUZZ_H
#define _FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool is_so)
{
	if (!is_so)
		abort();
}

/* Copy the next @bytes of an input to @to. If the input ends early, the rest is 0. */
static inline void fuzz_take(const uint8_t **data, size_t *size, void *to, size_t bytes)
{
	uint8_t *p = to;

	for (; bytes; bytes--)
		*p++ = *size ? ((*size)--, *(*data)++) : 0;
}

#endif
