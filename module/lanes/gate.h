/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: a NAPI instance on each CPU, scheduled behind the NIC's. Its poll hands over packets
 * that the NIC's poll has collected. At the gate a promoted flow waits until the kernel's queues on
 * its CPU have drained, and a flow that leaves waits until its home CPU releases it.
 */

#ifndef _FALCON_GATE_H
#define _FALCON_GATE_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

struct falcon_flow;
struct falcon_gate_poll;

/* Of a CPU. */
struct falcon_gate {
	struct napi_struct	napi;
	call_single_data_t	ring;		/* IPI that schedules the poll */
	unsigned int		cpu;
	struct falcon_gate_poll	*poll;		/* for the poll function */
	u32			rounds;		/* polls so far; written by the poll alone */
	u32			marked;		/* @rounds when the last flush began */
	bool			coming;		/* its CPU comes online: no other one stands in */
	bool			homing;		/* the last poll left all to the gate's own CPU */
	spinlock_t		lock;		/* innermost; BH; for the lists */
	struct list_head	gated;		/* flows that wait for this CPU's queues */
	struct list_head	released;	/* flows that this CPU must release */
};

/**
 * falcon_gates_alloc() - make a gate for each CPU
 * @dummy: device to hang their NAPI instances on
 * @poll: their poll function
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int falcon_gates_alloc(struct net_device *dummy,
		       int (*poll)(struct napi_struct *napi, int budget));

/* On return no gate is polled any more. Context: process. */
void falcon_gates_stop(void);

/* Context: process, after falcon_gates_stop(). A grace period passes before it returns. */
void falcon_gates_free(void);

/* The gate of a CPU. */
struct falcon_gate *falcon_gate_of(unsigned int cpu);

/* Count a poll. Context: the poll, before it is complete. */
static inline void falcon_gate_count(struct falcon_gate *gate)
{
	WRITE_ONCE(gate->homing, false);
	WRITE_ONCE(gate->rounds, gate->rounds + 1);
}

/* True if a poll on this CPU must leave all to the gate's own CPU. Context: the poll. */
static inline bool falcon_gate_is_foreign(const struct falcon_gate *gate)
{
	return gate->cpu != smp_processor_id() &&
	       (cpu_online(gate->cpu) || READ_ONCE(gate->coming));
}

/*
 * A CPU is about to come online. After a grace period no other CPU polls its gate. Context:
 * process, while allocated.
 */
void falcon_gate_cpu_comes(unsigned int cpu);

/* The CPU is online, or does not come after all: its gate is polled. Context: as above. */
void falcon_gate_cpu_came(unsigned int cpu);

/*
 * Schedule this CPU's gate. Its poll also looks for lanes with work whose CPUs stand still.
 * Context: process.
 */
void falcon_gate_look(void);

/* Schedule a gate on its own CPU, while another CPU polls it. Context: BH. */
void falcon_gate_go_home(struct falcon_gate *gate);

/* Shut the gate for a flow that is about to be promoted. Context: BH, on the gate's CPU. */
void falcon_gate_shut(struct falcon_gate *gate, struct falcon_flow *flow);

/* Undo falcon_gate_shut(): the flow is not promoted after all. Context: as above. */
void falcon_gate_cancel(struct falcon_gate *gate, struct falcon_flow *flow);

/* Take a flow off the gate whose queues have drained, or return NULL. Context: the poll. */
struct falcon_flow *falcon_gate_next(struct falcon_gate *gate);

/* True if the gate is still shut for some flow. Context: the poll. */
static inline bool falcon_gate_has_gated(const struct falcon_gate *gate)
{
	return !list_empty_careful(&gate->gated);
}

/**
 * falcon_gate_release() - have a CPU release a flow that leaves with nothing in flight
 * @cpu: the flow's home
 * @flow: the flow, in no list
 *
 * Context: BH.
 */
void falcon_gate_release(u16 cpu, struct falcon_flow *flow);

/*
 * Take all flows of falcon_gate_release(). Context: the poll; or BH off, stopped. Return: true if
 * there are any.
 */
bool falcon_gate_take_released(struct falcon_gate *gate, struct list_head *leaving);

/* Give some of them back for the next poll, and schedule it. Context: the poll. */
void falcon_gate_give_released(struct falcon_gate *gate, struct list_head *leaving);

/*
 * True if all packets have been handed over that were collected before the last call with @begin:
 * each gate that was scheduled then has been polled since. Context: process, one at a time.
 */
bool falcon_gates_are_flushed(bool begin);

#endif /* _FALCON_GATE_H */
