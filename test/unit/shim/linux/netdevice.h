/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of a CPU's backlog; and NAPI, whose instances the test polls. */
#ifndef _SHIM_NETDEVICE_H
#define _SHIM_NETDEVICE_H

#include <errno.h>
#include <stdbool.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct softnet_data {
	u32	input_queue_head;
	u32	input_queue_tail;
};

extern struct softnet_data softnet_data[SHIM_CPUS];

#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)

#define NAPI_POLL_WEIGHT	64
#define NAPI_STATE_SCHED	0
#define NAPI_STATE_MISSED	1
#define NAPI_STATE_NO_BUSY_POLL	2

struct net_device;

typedef int gro_result_t;

struct napi_struct {
	unsigned long state;
	unsigned int cpu;		/* that must poll it */
	int (*poll)(struct napi_struct *napi, int budget);
};

/* The instances in the order in which they were added. */
#define SHIM_NAPIS (2 * SHIM_CPUS)
extern struct napi_struct *shim_napis[SHIM_NAPIS];
extern unsigned int shim_napi_count;

static inline void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
				  int (*poll)(struct napi_struct *napi, int budget))
{
	shim_assert(test_bit(NAPI_STATE_NO_BUSY_POLL, &napi->state));
	napi->poll = poll;
	shim_napis[shim_napi_count++ % SHIM_NAPIS] = napi;
}

static inline void napi_schedule(struct napi_struct *napi)
{
	shim_assert_may_raise();
	if (test_bit(NAPI_STATE_SCHED, &napi->state)) {
		set_bit(NAPI_STATE_MISSED, &napi->state);
		return;
	}
	set_bit(NAPI_STATE_SCHED, &napi->state);
	napi->cpu = smp_processor_id();
}

static inline bool napi_complete_done(struct napi_struct *napi, int work)
{
	bool missed = test_bit(NAPI_STATE_MISSED, &napi->state);

	shim_assert(test_bit(NAPI_STATE_SCHED, &napi->state));
	clear_bit(missed ? NAPI_STATE_MISSED : NAPI_STATE_SCHED, &napi->state);
	return !missed;
}

static inline void napi_enable(struct napi_struct *napi)
{
}

static inline void napi_disable(struct napi_struct *napi)
{
	shim_assert_may_sleep();
}

static inline void __netif_napi_del(struct napi_struct *napi)
{
}

static inline void synchronize_net(void)
{
	shim_assert_may_sleep();
}

#endif
