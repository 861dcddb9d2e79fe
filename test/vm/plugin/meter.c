// SPDX-License-Identifier: GPL-2.0

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block.h"
#include "lines.h"
#include "meter.h"
#include "serve.h"
#include "stack.h"

#define KERNEL_BEGIN (1ull << 63)
#define TURN_US	     1000
#define TURNS	     20000	/* so long a busy machine may take to come by a vCPU's thread */

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct qemu_plugin_scoreboard *score;
static uint64_t self;
static bool lines;		/* the mode in force; written while no vCPU runs */
static bool wanted;		/* the one that is asked for */
static bool turning;

struct meter_vcpu *meter_vcpu(unsigned int vcpu)
{
	return qemu_plugin_scoreboard_find(score, vcpu);
}

unsigned int meter_vcpus(void)
{
	return qemu_plugin_num_vcpus();
}

static struct qemu_plugin_word word(size_t offset)
{
	return (struct qemu_plugin_word){ score, offset };
}

static struct qemu_plugin_word total(enum meter_total which)
{
	return word(offsetof(struct meter_vcpu, total) + which * sizeof(uint64_t));
}

/* Whether it is an instruction with a rep prefix that goes through memory. */
static bool repeats(const struct qemu_plugin_insn *insn)
{
	uint8_t data[16];
	size_t len = qemu_plugin_insn_data(insn, data, sizeof(data)), at = 0;
	bool rep = false;

	for (; at < len; at++) {
		if (data[at] == 0xf2 || data[at] == 0xf3)
			rep = true;
		else if (data[at] != 0x66 && data[at] != 0x67 && (data[at] & 0xf0) != 0x40)
			break;
	}
	/* movs, cmps; stos, lods, scas */
	return rep && at < len && ((data[at] >= 0xa4 && data[at] <= 0xa7) ||
				   (data[at] >= 0xaa && data[at] <= 0xaf));
}

static void accessed(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *data)
{
	const struct qemu_plugin_hwaddr *address = qemu_plugin_get_hwaddr(info, vaddr);
	bool store = qemu_plugin_mem_is_store(info);
	struct meter_vcpu *counts = meter_vcpu(vcpu);

	(void)data;
	if (!address || qemu_plugin_hwaddr_is_io(address))
		return;
	counts->total[store ? METER_WRITES : METER_READS]++;
	if (!lines_access(vcpu, qemu_plugin_hwaddr_phys_addr(address), store))
		return;
	counts->total[store ? METER_LINES_WRITTEN : METER_LINES_READ]++;
	stack_line(vcpu);
}

static void executed(unsigned int vcpu, void *data)
{
	stack_run(vcpu, data);
}

static void look_closely(struct qemu_plugin_tb *tb, struct block *block)
{
	size_t at;

	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
	for (at = 0; at < qemu_plugin_tb_n_insns(tb); at++)
		qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, at), accessed,
						 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
}

static void turn(uint64_t id);

/* On a vCPU's thread, which is what it takes to have code translated anew. */
static void turn_when_wanted(void)
{
	if (__atomic_load_n(&wanted, __ATOMIC_ACQUIRE) != lines &&
	    !__atomic_exchange_n(&turning, true, __ATOMIC_ACQ_REL))
		qemu_plugin_reset(self, turn);
}

static void idle(uint64_t id, unsigned int vcpu)
{
	(void)id;
	(void)vcpu;
	turn_when_wanted();
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	bool kernel = qemu_plugin_tb_vaddr(tb) >= KERNEL_BEGIN;
	size_t count = qemu_plugin_tb_n_insns(tb), at;
	struct block *block = NULL;
	uint32_t number;

	(void)id;
	turn_when_wanted();
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  total(kernel ? METER_KERNEL : METER_USER),
							  count);
	for (at = 0; at < count; at++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, at);

		if (repeats(insn))
			qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, QEMU_PLUGIN_MEM_RW,
								      QEMU_PLUGIN_INLINE_ADD_U64,
								      total(METER_REPEATS), 1);
	}
	if (kernel) {
		number = block_of(tb);
		block = block_at(number);
		at = offsetof(struct meter_vcpu, executions) + number * sizeof(uint64_t);
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
								  word(at), 1);
	}
	if (lines)
		look_closely(tb, block);
}

static void begin(void)
{
	qemu_plugin_register_vcpu_tb_trans_cb(self, translated);
	qemu_plugin_register_vcpu_idle_cb(self, idle);
}

/* While no vCPU runs. */
static void turn(uint64_t id)
{
	(void)id;
	if (!lines)
		stack_clear();
	__atomic_store_n(&lines, !lines, __ATOMIC_RELEASE);
	begin();
	__atomic_store_n(&turning, false, __ATOMIC_RELEASE);
}

bool meter_set_mode(bool mode)
{
	unsigned int turns;

	__atomic_store_n(&wanted, mode, __ATOMIC_RELEASE);
	for (turns = 0; turns < TURNS; turns++) {
		if (__atomic_load_n(&lines, __ATOMIC_ACQUIRE) == mode)
			return true;
		usleep(TURN_US);
	}
	__atomic_store_n(&wanted, !mode, __ATOMIC_RELEASE);
	return false;
}

/* Argument: fd=NUMBER, of the socket for requests. */
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "fd=", 3)) {
		fprintf(stderr, "meter: the one argument is fd=NUMBER\n");
		return -1;
	}
	if (!info->system_emulation || info->system.max_vcpus > METER_VCPUS) {
		fprintf(stderr, "meter: it takes a machine of %d vCPUs at most\n", METER_VCPUS);
		return -1;
	}
	self = id;
	score = qemu_plugin_scoreboard_new(sizeof(struct meter_vcpu));
	if (!lines_init() || !serve(atoi(argv[0] + 3))) {
		perror("meter");
		return -1;
	}
	begin();
	return 0;
}
