/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which vCPU has which cache line: caches of 64-byte lines without limit, kept coherent as MESI
 * does. What devices write by DMA is not seen.
 */

#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stdint.h>

/* Memory for the lines of guest-physical addresses. Returns false when there is none. */
bool lines_init(void);

/* An access. Returns whether the line moves to this vCPU, or is taken from others by a write. */
bool lines_access(unsigned int vcpu, uint64_t physical, bool store);

#endif /* LINES_H */
