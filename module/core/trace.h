/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of falcon's decisions, for perf, trace-cmd and bpftrace. A stage is a number of enum
 * falcon_stage. An interface is given by its index, as its name would need the namespace.
 */

#undef TRACE_SYSTEM
#define TRACE_SYSTEM falcon

#if !defined(_FALCON_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _FALCON_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/falcon.h>

TRACE_DEFINE_ENUM(FALCON_STAGE_NIC);
TRACE_DEFINE_ENUM(FALCON_STAGE_TUNNEL);
TRACE_DEFINE_ENUM(FALCON_STAGE_CONTAINER);

#define falcon_show_stage(stage)				\
	__print_symbolic(stage,					\
		{ FALCON_STAGE_NIC,		"nic" },	\
		{ FALCON_STAGE_TUNNEL,		"tunnel" },	\
		{ FALCON_STAGE_CONTAINER,	"container" })

DECLARE_EVENT_CLASS(falcon_decision,
	TP_PROTO(u32 stage, int ifindex, u32 hash, u32 from, u32 to),
	TP_ARGS(stage, ifindex, hash, from, to),
	TP_STRUCT__entry(
		__field(u32, stage)
		__field(int, ifindex)
		__field(u32, hash)
		__field(u32, from)
		__field(u32, to)
	),
	TP_fast_assign(
		__entry->stage = stage;
		__entry->ifindex = ifindex;
		__entry->hash = hash;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("stage=%s ifindex=%d hash=0x%08x from=%u to=%u",
		  falcon_show_stage(__entry->stage), __entry->ifindex, __entry->hash,
		  __entry->from, __entry->to)
);

/* A packet was given the CPU that runs its flow's next stage; from is the CPU that asked. */
DEFINE_EVENT(falcon_decision, falcon_steer,
	TP_PROTO(u32 stage, int ifindex, u32 hash, u32 from, u32 to),
	TP_ARGS(stage, ifindex, hash, from, to)
);

/* A flow changed its CPU, after it had drained on the old one. */
DEFINE_EVENT(falcon_decision, falcon_move,
	TP_PROTO(u32 stage, int ifindex, u32 hash, u32 from, u32 to),
	TP_ARGS(stage, ifindex, hash, from, to)
);

DECLARE_EVENT_CLASS(falcon_batch,
	TP_PROTO(u32 hash, u32 batch, u32 cpu, u32 packets),
	TP_ARGS(hash, batch, cpu, packets),
	TP_STRUCT__entry(
		__field(u32, hash)
		__field(u32, batch)
		__field(u32, cpu)
		__field(u32, packets)
	),
	TP_fast_assign(
		__entry->hash = hash;
		__entry->batch = batch;
		__entry->cpu = cpu;
		__entry->packets = packets;
	),
	TP_printk("hash=0x%08x batch=%u cpu=%u packets=%u",
		  __entry->hash, __entry->batch, __entry->cpu, __entry->packets)
);

/* A micro-flow begins: cpu is its worker, packets wait for it already. */
DEFINE_EVENT(falcon_batch, falcon_batch_open,
	TP_PROTO(u32 hash, u32 batch, u32 cpu, u32 packets),
	TP_ARGS(hash, batch, cpu, packets)
);

/* A micro-flow has all its packets. */
DEFINE_EVENT(falcon_batch, falcon_batch_close,
	TP_PROTO(u32 hash, u32 batch, u32 cpu, u32 packets),
	TP_ARGS(hash, batch, cpu, packets)
);

/* Packets of a micro-flow, processed on cpu, were released: no earlier packet is missing. */
DEFINE_EVENT(falcon_batch, falcon_batch_release,
	TP_PROTO(u32 hash, u32 batch, u32 cpu, u32 packets),
	TP_ARGS(hash, batch, cpu, packets)
);

#endif /* _FALCON_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH module/core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
