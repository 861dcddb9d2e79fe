// SPDX-License-Identifier: GPL-2.0

#include <stdlib.h>
#include <string.h>

#include "meter.h"
#include "stack.h"

#define DEPTH 192

struct frame {
	uint32_t node;
	uint64_t back;		/* address to return to; 0 for what was not called */
	bool entry;		/* an interrupt's, an exception's or a system call's */
};

struct tree {
	struct stack_node nodes[STACK_NODES];
	uint32_t used;
	struct frame frames[DEPTH];
	unsigned int depth;		/* frames in use; 0: user space, or nothing is known */
	const struct block *last;	/* the block before; NULL: user space */
};

/* Each is touched by its vCPU's thread alone, and by others while that does not run. */
static struct tree *trees[METER_VCPUS];

static struct tree *tree_of(unsigned int vcpu)
{
	if (!trees[vcpu]) {
		trees[vcpu] = calloc(1, sizeof(struct tree));
		if (!trees[vcpu])
			abort();
		trees[vcpu]->used = 1;
	}
	return trees[vcpu];
}

void stack_clear(void)
{
	for (unsigned int vcpu = 0; vcpu < METER_VCPUS; vcpu++) {
		if (!trees[vcpu])
			continue;
		memset(trees[vcpu], 0, offsetof(struct tree, nodes) +
		       trees[vcpu]->used * sizeof(struct stack_node));
		trees[vcpu]->used = 1;
		trees[vcpu]->depth = 0;
		trees[vcpu]->last = NULL;
	}
}

const struct stack_node *stack_nodes(unsigned int vcpu, uint32_t *count)
{
	*count = trees[vcpu] ? trees[vcpu]->used : 0;
	return trees[vcpu] ? trees[vcpu]->nodes : NULL;
}

static uint32_t child_of(struct tree *tree, uint32_t parent, uint64_t function)
{
	struct stack_node *nodes = tree->nodes;
	uint32_t node;

	for (node = nodes[parent].child; node; node = nodes[node].sibling)
		if (nodes[node].function == function)
			return node;
	if (tree->used == STACK_NODES)
		return 0;
	node = tree->used;
	nodes[node] = (struct stack_node){
		.parent = parent, .sibling = nodes[parent].child, .function = function,
	};
	nodes[parent].child = node;
	tree->used++;
	return node;
}

static uint32_t top(const struct tree *tree)
{
	return tree->depth ? tree->frames[tree->depth - 1].node : 0;
}

static void push(struct tree *tree, const struct block *block, uint64_t back)
{
	uint32_t node = child_of(tree, top(tree), block->function);

	/* Deeper than any stack is: returns were missed. */
	if (tree->depth == DEPTH) {
		tree->depth = 0;
		node = child_of(tree, 0, block->function);
	}
	tree->frames[tree->depth++] = (struct frame){ node, back, block->entry };
}

/* Another function in the topmost one's place, which returns to the same address: a jump. */
static void replace(struct tree *tree, const struct block *block)
{
	uint32_t below = tree->depth > 1 ? tree->frames[tree->depth - 2].node : 0;

	if (!tree->depth)
		push(tree, block, 0);
	else
		tree->frames[tree->depth - 1].node = child_of(tree, below, block->function);
}

static void restart(struct tree *tree, const struct block *block)
{
	tree->depth = 0;
	push(tree, block, 0);
}

static bool is_top(const struct tree *tree, const struct block *block)
{
	return tree->depth && tree->nodes[top(tree)].function == block->function;
}

static void returned(struct tree *tree, const struct block *block)
{
	unsigned int depth;

	for (depth = tree->depth; depth > 1; depth--) {
		/* Not beyond what was interrupted. */
		if (tree->frames[depth - 1].entry)
			break;
		if (tree->frames[depth - 1].back == block->vaddr) {
			tree->depth = depth - 1;
			if (!is_top(tree, block))
				replace(tree, block);
			return;
		}
	}
	/* An indirect call by a return, or ftrace's trampoline that goes on elsewhere. */
	if (block->vaddr == block->function && tree->depth > 1) {
		tree->depth--;
		replace(tree, block);
		return;
	}
	restart(tree, block);
}

static void returned_from_interrupt(struct tree *tree, const struct block *block)
{
	while (tree->depth)
		if (tree->frames[--tree->depth].entry)
			break;
	if (!is_top(tree, block))
		restart(tree, block);
}

static void follow(struct tree *tree, const struct block *block)
{
	const struct block *last = tree->last;

	if (!last) {
		restart(tree, block);
	} else if (block->entry && !is_top(tree, block)) {
		/* The stub of a vector jumps to what all vectors have in common. */
		if (last->entry && last->end == BLOCK_FALLS && tree->depth)
			replace(tree, block);
		else
			push(tree, block, 0);
	} else if (last->end == BLOCK_CALLS && block->vaddr != last->next) {
		push(tree, block, last->next);
	} else if (last->end == BLOCK_RETURNS) {
		returned(tree, block);
	} else if (last->end == BLOCK_RETURNS_FROM_INTERRUPT) {
		returned_from_interrupt(tree, block);
	} else if (!is_top(tree, block)) {
		replace(tree, block);
	}
}

void stack_run(unsigned int vcpu, const struct block *block)
{
	struct tree *tree = tree_of(vcpu);

	if (block) {
		follow(tree, block);
		tree->nodes[top(tree)].instructions += block->instructions;
	} else {
		tree->depth = 0;
	}
	tree->last = block;
}

void stack_line(unsigned int vcpu)
{
	struct tree *tree = tree_of(vcpu);

	tree->nodes[top(tree)].lines++;
}
