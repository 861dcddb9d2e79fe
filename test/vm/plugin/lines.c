// SPDX-License-Identifier: GPL-2.0

#include <sys/mman.h>

#include "lines.h"
#include "meter.h"

#define LINE_SHIFT  6
#define PHYSICAL    (16ull << 30)	/* RAM beyond is not looked at: guests have a few GiB */
#define HOLDERS	    0xffffffu		/* a bit for each vCPU that has the line */
#define WRITER_SHIFT 24			/* above: 1 + who wrote it last; 0 is nobody */

_Static_assert(METER_VCPUS <= WRITER_SHIFT, "a vCPU has no bit");

/* Pages of it come into being when they are written to. */
static uint32_t *lines;

bool lines_init(void)
{
	lines = mmap(NULL, (PHYSICAL >> LINE_SHIFT) * sizeof(*lines), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return lines != MAP_FAILED;
}

/*
 * Two vCPUs that touch a line at the same instant may count one move where there are two: the state
 * is read and written without a lock, which would cost more than it tells.
 */
bool lines_access(unsigned int vcpu, uint64_t physical, bool store)
{
	uint32_t own = 1u << vcpu, writer = (vcpu + 1) << WRITER_SHIFT, old, now;
	uint32_t *line;
	bool moves;

	if (physical >= PHYSICAL)
		return false;
	line = &lines[physical >> LINE_SHIFT];
	old = __atomic_load_n(line, __ATOMIC_RELAXED);
	if (store) {
		now = own | writer;
		moves = old & HOLDERS & ~own;
	} else {
		now = old | own;
		moves = !(old & own) && old >> WRITER_SHIFT && old >> WRITER_SHIFT != vcpu + 1;
	}
	if (now != old)
		__atomic_store_n(line, now, __ATOMIC_RELAXED);
	return moves;
}
