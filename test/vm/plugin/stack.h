/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions that a vCPU is in, followed by its calls and returns, and what each such stack has
 * executed: a tree for each vCPU, whose nodes are functions and whose edges are calls.
 *
 * A stack that another task has left behind is not known: what it returns to becomes a stack of its
 * own.
 */

#ifndef STACK_H
#define STACK_H

#include <stdint.h>

#include "block.h"

#define STACK_NODES (1 << 17)	/* of a vCPU; 0 is the root, to which belongs what finds no room */

struct stack_node {
	uint32_t parent;
	uint32_t child, sibling;	/* 0: none */
	uint64_t function;
	uint64_t instructions;
	uint64_t lines;
};

/* Nodes of a vCPU, or NULL; *count of them. */
const struct stack_node *stack_nodes(unsigned int vcpu, uint32_t *count);

/* Forget all. Called while no vCPU runs. */
void stack_clear(void);

/* The vCPU begins with the block, or with code of user space (NULL). */
void stack_run(unsigned int vcpu, const struct block *block);

/* A line has moved in what it runs. */
void stack_line(unsigned int vcpu);

#endif /* STACK_H */
