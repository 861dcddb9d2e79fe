/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether what a CPU's backlog had at some moment is through. The backlog counts what is queued
 * (tail) and what has been processed (head), and what was there has been when the head is past the
 * tail of then: RFS's rule (get_rps_cpu()).
 *
 * A packet may come to the same backlog again, behind all that is there by then: cloned packets
 * go there instead of the cell, and a container sends on what it received. RFS does not know that.
 * So a mark says how many times that may be. They are counted when somebody asks; an empty backlog
 * is through with all of them.
 */

#ifndef _FALCON_BACKLOG_H
#define _FALCON_BACKLOG_H

#include <linux/cpumask.h>
#include <linux/netdevice.h>

/* Times that a packet may pass the backlog from the NIC to its socket. */
#define FALCON_BACKLOG_PASSES 3

/* A moment of a CPU's backlog. */
struct falcon_backlog_mark {
	u32	tail;		/* of the backlog, then or at the last pass */
	u16	cpu;
	u8	passes;		/* to come, after that of @tail */
};

/* The tail of a CPU's backlog. Context: any. */
static inline u32 falcon_backlog_tail(unsigned int cpu)
{
	return READ_ONCE(per_cpu(softnet_data, cpu).input_queue_tail);
}

/* The head of a CPU's backlog. Context: any. */
static inline u32 falcon_backlog_head(unsigned int cpu)
{
	return READ_ONCE(per_cpu(softnet_data, cpu).input_queue_head);
}

/* Whether a CPU's backlog has come past that tail. Context: any. */
static inline bool falcon_backlog_passed(unsigned int cpu, u32 tail)
{
	return (s32)(falcon_backlog_head(cpu) - tail) >= 0;
}

/* This moment of this CPU's. @passes: of what it has, 1 at least. Context: BH off. */
static inline void falcon_backlog_mark(struct falcon_backlog_mark *mark, u8 passes)
{
	mark->cpu = smp_processor_id();
	mark->tail = falcon_backlog_tail(mark->cpu);
	mark->passes = passes - 1;
}

/* A moment that has passed. Context: any. */
static inline void falcon_backlog_mark_passed(struct falcon_backlog_mark *mark, unsigned int cpu)
{
	mark->cpu = cpu;
	mark->tail = falcon_backlog_head(cpu);
	mark->passes = 0;
}

/**
 * falcon_backlog_is_through() - whether what a backlog had is through, each time it came there
 * @mark: the moment
 *
 * For a CPU that is offline nobody waits: another one gets what it had, behind what is there
 * (dev_cpu_dead()).
 *
 * Context: any, one at a time for @mark.
 */
static inline bool falcon_backlog_is_through(struct falcon_backlog_mark *mark)
{
	while (falcon_backlog_passed(mark->cpu, mark->tail)) {
		if (!mark->passes)
			return true;
		mark->passes--;
		/* What the head is past has been queued again before the head came past it. */
		smp_rmb();
		mark->tail = falcon_backlog_tail(mark->cpu);
	}
	return !cpu_online(mark->cpu);
}

/* Once in 2^31 packets at least, or the counts come round. Context: as above. */
static inline void falcon_backlog_refresh(struct falcon_backlog_mark *mark)
{
	if (falcon_backlog_is_through(mark))
		falcon_backlog_mark_passed(mark, mark->cpu);
}

#endif /* _FALCON_BACKLOG_H */
