/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells when a CPU's backlog has processed every packet that it held at some moment. The backlog
 * counts the packets queued (tail) and the packets processed (head). The packets of that moment
 * have been processed once the head has passed the tail of then, which is the rule of RFS
 * (get_rps_cpu()).
 *
 * A packet may come to the same backlog again, behind the packets that are queued by then: cloned
 * packets go there instead of the GRO cell, and a container forwards packets that it received. RFS
 * does not account for that. A mark therefore says how many more passes a packet may make. The
 * passes are counted down when somebody asks. An empty backlog has finished all of them.
 */

#ifndef _FALCON_BACKLOG_H
#define _FALCON_BACKLOG_H

#include <linux/cpumask.h>
#include <linux/netdevice.h>

/* How often a packet may pass the backlog between the NIC and its socket. */
#define FALCON_BACKLOG_PASSES 3

/* A moment of a CPU's backlog. */
struct falcon_backlog_mark {
	u32	tail;		/* tail of the backlog at the moment, or at the last pass */
	u16	cpu;
	u8	passes;		/* passes still to come after @tail's */
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

/* True if a CPU's backlog has passed a tail. Context: any. */
static inline bool falcon_backlog_passed(unsigned int cpu, u32 tail)
{
	return (s32)(falcon_backlog_head(cpu) - tail) >= 0;
}

/*
 * Mark this moment of this CPU's backlog. @passes: how often its packets may pass the backlog, at
 * least 1. Context: BH off.
 */
static inline void falcon_backlog_mark(struct falcon_backlog_mark *mark, u8 passes)
{
	mark->cpu = smp_processor_id();
	mark->tail = falcon_backlog_tail(mark->cpu);
	mark->passes = passes - 1;
}

/* Set a mark that has passed already. Context: any. */
static inline void falcon_backlog_mark_passed(struct falcon_backlog_mark *mark, unsigned int cpu)
{
	mark->cpu = cpu;
	mark->tail = falcon_backlog_head(cpu);
	mark->passes = 0;
}

/**
 * falcon_backlog_is_through() - check whether all packets of a marked moment have been processed
 * @mark: the moment
 *
 * Nobody waits for a CPU that is offline: dev_cpu_dead() appends its packets to another CPU's
 * backlog.
 *
 * Context: any, one caller at a time for @mark.
 * Return: true if the packets have made every pass, or the CPU is offline.
 */
static inline bool falcon_backlog_is_through(struct falcon_backlog_mark *mark)
{
	while (falcon_backlog_passed(mark->cpu, mark->tail)) {
		if (!mark->passes)
			return true;
		mark->passes--;
		/* Read the head first: a packet is queued again before the head passes it. */
		smp_rmb();
		mark->tail = falcon_backlog_tail(mark->cpu);
	}
	return !cpu_online(mark->cpu);
}

/* Call this at least once in 2^31 packets, before the counts wrap around. Context: as above. */
static inline void falcon_backlog_refresh(struct falcon_backlog_mark *mark)
{
	if (falcon_backlog_is_through(mark))
		falcon_backlog_mark_passed(mark, mark->cpu);
}

#endif /* _FALCON_BACKLOG_H */
