// SPDX-License-Identifier: GPL-2.0

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"

#define SLOTS (2 * METER_BLOCKS)	/* of the hash table, a power of two */

struct symbol {
	uint64_t address;
	bool entry;
};

static struct block blocks[METER_BLOCKS];
static uint32_t slots[SLOTS];		/* numbers of blocks; 0 is free */
static uint32_t used = 1;
static struct symbol *symbols;
static size_t symbol_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The byte behind an instruction's prefixes. */
static const uint8_t *opcode(const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		switch (*at) {
		case 0x26: case 0x2e: case 0x36: case 0x3e:
		case 0x64: case 0x65: case 0x66: case 0x67:
		case 0xf2: case 0xf3:
		case 0x40 ... 0x4f:
			continue;
		}
		break;
	}
	return at;
}

static enum block_end end_of(const struct qemu_plugin_insn *insn)
{
	uint8_t data[16] = {};
	size_t len = qemu_plugin_insn_data(insn, data, sizeof(data) - 1);
	const uint8_t *code = opcode(data, data + len);

	switch (*code) {
	case 0xe8:
		return BLOCK_CALLS;
	case 0xff:	/* its second byte's middle bits: 2 and 3 call, 4 and 5 jump */
		return (code[1] >> 4 & 3) == 1 ? BLOCK_CALLS : BLOCK_FALLS;
	case 0xc2: case 0xc3:
		return BLOCK_RETURNS;
	case 0xcf:
		return BLOCK_RETURNS_FROM_INTERRUPT;
	default:
		return BLOCK_FALLS;
	}
}

/* The last one at or before the address, or NULL. */
static const struct symbol *symbol_at(uint64_t address)
{
	size_t low = 0, high = symbol_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbols[low - 1] : NULL;
}

static uint32_t *slot_of(uint64_t vaddr, uint32_t instructions)
{
	uint64_t hash = (vaddr ^ (uint64_t)instructions << 48) * 0x9e3779b97f4a7c15;
	uint32_t slot = hash >> 40;

	for (;; slot++) {
		const struct block *block = &blocks[slots[slot % SLOTS]];

		if (!slots[slot % SLOTS] ||
		    (block->vaddr == vaddr && block->instructions == instructions))
			return &slots[slot % SLOTS];
	}
}

uint32_t block_of(const struct qemu_plugin_tb *tb)
{
	uint32_t instructions = qemu_plugin_tb_n_insns(tb), number;
	const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, instructions - 1);
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
	const struct symbol *symbol;
	struct block *block;
	uint32_t *slot;

	pthread_mutex_lock(&lock);
	slot = slot_of(vaddr, instructions);
	if (!*slot && used < METER_BLOCKS)
		*slot = used++;
	number = *slot;
	if (number) {
		block = &blocks[number];
		symbol = symbol_at(vaddr);
		block->vaddr = vaddr;
		block->instructions = instructions;
		block->next = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
		block->function = symbol ? symbol->address : vaddr;
		block->entry = symbol && symbol->entry;
		block->end = end_of(last);
	}
	pthread_mutex_unlock(&lock);
	return number;
}

struct block *block_at(uint32_t number)
{
	return &blocks[number];
}

uint32_t block_count(void)
{
	uint32_t count;

	pthread_mutex_lock(&lock);
	count = used;
	pthread_mutex_unlock(&lock);
	return count;
}

static struct symbol *parse(FILE *file, size_t *count)
{
	struct symbol *found = NULL;
	size_t room = 0;
	char line[64];

	*count = 0;
	while (fgets(line, sizeof(line), file)) {
		struct symbol symbol;
		char *end;

		symbol.address = strtoull(line, &end, 16);
		symbol.entry = !strcmp(end, " i\n");
		if (end == line || (!symbol.entry && strcmp(end, "\n")) ||
		    (*count && symbol.address <= found[*count - 1].address)) {
			free(found);
			return NULL;
		}
		if (*count == room) {
			struct symbol *larger;

			room = room ? 2 * room : 4096;
			larger = realloc(found, room * sizeof(*found));
			if (!larger) {
				free(found);
				return NULL;
			}
			found = larger;
		}
		found[(*count)++] = symbol;
	}
	return found;
}

bool block_read_symbols(const char *path)
{
	FILE *file = fopen(path, "r");
	struct symbol *found, *old;
	size_t count;

	if (!file)
		return false;
	found = parse(file, &count);
	fclose(file);
	if (!found)
		return false;
	pthread_mutex_lock(&lock);
	old = symbols;
	symbols = found;
	symbol_count = count;
	pthread_mutex_unlock(&lock);
	free(old);
	return true;
}
