/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether what a CPU's backlog had at some moment is through: RFS's rule (get_rps_cpu()). The
 * backlog counts what is queued (tail) and what has been processed (head).
 */

#ifndef _FALCON_BACKLOG_H
#define _FALCON_BACKLOG_H

#include <linux/netdevice.h>

/* The tail of this CPU's backlog. Context: BH off. */
static inline u32 falcon_backlog_tail(void)
{
	return READ_ONCE(this_cpu_ptr(&softnet_data)->input_queue_tail);
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

#endif /* _FALCON_BACKLOG_H */
