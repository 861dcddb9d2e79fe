/* SPDX-License-Identifier: GPL-2.0 */
/* Blocks of kernel code, as QEMU translates them: where each is, and how it ends. */

#ifndef BLOCK_H
#define BLOCK_H

#include <stdint.h>

#include "meter.h"

enum block_end {
	BLOCK_FALLS,		/* to the next block, or jumps */
	BLOCK_CALLS,
	BLOCK_RETURNS,
	BLOCK_RETURNS_FROM_INTERRUPT,
};

struct block {
	uint64_t vaddr;
	uint64_t next;		/* address behind it */
	uint64_t function;	/* address of the function that holds it; mode lines */
	uint32_t instructions;
	uint8_t end;		/* enum block_end */
	bool entry;		/* where interrupts, exceptions and system calls enter */
};

/* The block's number, the same each time that it is translated. 0: there is no room for more. */
uint32_t block_of(const struct qemu_plugin_tb *tb);

struct block *block_at(uint32_t number);

/* Numbers in use, without 0, are below. */
uint32_t block_count(void);

/*
 * Read the functions from a file that has one in a line, its address in hexadecimal in ascending
 * order, and behind it "i" where interrupts enter. Returns false when the file is not like that.
 */
bool block_read_symbols(const char *path);

#endif /* BLOCK_H */
