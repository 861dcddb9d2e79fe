/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: a NAPI instance on each CPU, scheduled behind the NIC's, whose poll sees to what
 * the NIC's poll has collected. Here flows wait until the kernel's queues on their CPU have drained
 * (before they go up), and until their home CPU lets them go (when they come down).
 */

#ifndef _FALCON_GATE_H
#define _FALCON_GATE_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

struct falcon_flow;

/* Of a CPU. */
struct falcon_gate {
	struct napi_struct	napi;
	call_single_data_t	ring;
	unsigned int		cpu;
	u32			rounds;		/* polls; by the poll */
	u32			marked;		/* of them, when flushing began */
	spinlock_t		lock;		/* innermost; BH; of the lists */
	struct list_head	gated;		/* flows that wait for this CPU's queues */
	struct list_head	released;	/* flows that go back to the kernel's path here */
};

/**
 * falcon_gates_alloc() - one for each CPU
 * @dummy: device to hang them on
 * @poll: what is done when it rings
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int falcon_gates_alloc(struct net_device *dummy,
		       int (*poll)(struct napi_struct *napi, int budget));

/* None is answered on return. Context: process. */
void falcon_gates_stop(void);

/* Context: process, stopped. A grace period passes before it returns. */
void falcon_gates_free(void);

/* That of a CPU. */
struct falcon_gate *falcon_gate_of(unsigned int cpu);

/* A poll is over. Context: the poll, before it is complete. */
static inline void falcon_gate_count(struct falcon_gate *gate)
{
	WRITE_ONCE(gate->rounds, gate->rounds + 1);
}

/*
 * Have this CPU answer its gate, and so see whether others stand still whose lanes have work.
 * Context: process.
 */
void falcon_gate_look(void);

/* Have the CPU itself answer, whose gate is polled elsewhere. Context: BH. */
void falcon_gate_go_home(struct falcon_gate *gate);

/* A flow is to go up: shut its gate. Context: BH, on the gate's CPU. */
void falcon_gate_shut(struct falcon_gate *gate, struct falcon_flow *flow);

/* It is not, after all. Context: as above. */
void falcon_gate_cancel(struct falcon_gate *gate, struct falcon_flow *flow);

/*
 * A flow whose gate is to be opened, which is in no list any more, or NULL. Context: the poll.
 */
struct falcon_flow *falcon_gate_next(struct falcon_gate *gate);

/* Whether some gate is still shut. Context: the poll. */
static inline bool falcon_gate_has_gated(const struct falcon_gate *gate)
{
	return !list_empty_careful(&gate->gated);
}

/**
 * falcon_gate_release() - a flow that leaves has nothing in flight any more
 * @cpu: its home, whose gate's poll lets it go
 * @elephant: the flow, in no list
 *
 * Context: BH.
 */
void falcon_gate_release(u16 cpu, struct falcon_flow *flow);

/* Take those that were released. Context: the poll, or stopped. Return: whether there are any. */
bool falcon_gate_take_released(struct falcon_gate *gate, struct list_head *leaving);

/* Give some back, for the next poll, which comes. Context: the poll. */
void falcon_gate_give_released(struct falcon_gate *gate, struct list_head *leaving);

/*
 * Whether all has been handed over that was collected before the last call with @begin: each
 * gate that had rung then has been answered. Context: process, one at a time.
 */
bool falcon_gates_are_flushed(bool begin);

#endif /* _FALCON_GATE_H */
