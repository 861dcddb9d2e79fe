/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A QEMU plugin that counts what each vCPU of a guest executes.
 *
 * Mode *count*: instructions of the kernel and of user space, and executions of each block of
 * kernel code, by additions inside the translated code. It slows the guest down by a few per cent.
 *
 * Mode *lines*: also every memory access, the cache lines that move between vCPUs, and the stack of
 * functions in which both happen, by a call for each block and each access. It slows the guest down
 * about ten times.
 *
 * A vCPU that is halted executes nothing and counts nothing.
 */

#ifndef METER_H
#define METER_H

#include <stdbool.h>
#include <stdint.h>

#include "qemu-plugin.h"

#define METER_VCPUS  24		/* lines.c has a bit for each */
#define METER_BLOCKS (1 << 19)	/* of kernel code; others are block 0 */

/* Of a vCPU. In this order on the wire. */
enum meter_total {
	METER_KERNEL,		/* instructions at kernel addresses */
	METER_USER,		/* the others */
	METER_REPEATS,		/* accesses of instructions with a rep prefix, which count as one */
	METER_READS,		/* memory accesses; mode lines, as all below */
	METER_WRITES,
	METER_LINES_READ,	/* reads of a line that another vCPU has written meanwhile */
	METER_LINES_WRITTEN,	/* writes to a line that another vCPU has */
	METER_TOTALS,
};

/* A vCPU's element in the scoreboard. */
struct meter_vcpu {
	uint64_t total[METER_TOTALS];
	uint64_t executions[METER_BLOCKS];	/* by block */
};

struct meter_vcpu *meter_vcpu(unsigned int vcpu);

/* How many vCPUs there are by now. */
unsigned int meter_vcpus(void);

/* Have the guest's code translated for this mode. Returns false when that is not done in time. */
bool meter_set_mode(bool lines);

#endif /* METER_H */
