/* SPDX-License-Identifier: GPL-2.0 */
/* Flows, as netlink reports them to user space. */

#ifndef _FALCON_FLOW_INFO_H
#define _FALCON_FLOW_INFO_H

#include <linux/types.h>

#include "flow/packet.h"
#include "policy/policy.h"

/* One flow, for flow-get. */
struct falcon_flow_info {
	struct falcon_key	key;
	u32			hash;
	int			ifindex;	/* of the NIC that it arrives on */
	u64			netns;
	u32			state, reason, merge;	/* enums of falcon.yaml */
	u16			workers[FALCON_WORKERS_MAX];
	unsigned int		worker_count;
	u16			delivery, app;	/* or FALCON_NO_CPU */
	u32			rule;		/* number of its rule, or 0 */
	u32			vni;		/* or FALCON_NO_VNI */
	bool			twin;		/* another network has a flow with equal headers */
	u64			packets, moves, batches;
	u32			in_flight, in_flight_bytes, held, idle_ms;
	bool			on_lanes;	/* workers and the like are valid */
};

/* All flows together, for status-get. */
struct falcon_flow_sum {
	unsigned int	flows;		/* with packets in the last second */
	unsigned int	in_lanes;	/* of @flows, in lanes */
	unsigned int	several;	/* of @in_lanes, on several CPUs at once */
	unsigned int	ahead;		/* on the NIC's CPU, by a rule */
	unsigned int	not_promoted;	/* above the rate, and on the kernel's path */
	u32		reason;		/* enum falcon_reason; most frequent of @not_promoted */
};

#endif /* _FALCON_FLOW_INFO_H */
