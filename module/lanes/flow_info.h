/* SPDX-License-Identifier: GPL-2.0 */
/* What user space is told of flows. */

#ifndef _FALCON_FLOW_INFO_H
#define _FALCON_FLOW_INFO_H

#include <linux/types.h>

#include "flow/packet.h"
#include "policy/policy.h"

/* What flow-get tells of a flow. */
struct falcon_flow_info {
	struct falcon_key	key;
	u32			hash;
	int			ifindex;	/* NIC that it arrives on */
	u64			netns;
	u32			state, reason, merge;	/* enums of falcon.yaml */
	u16			workers[FALCON_WORKERS_MAX];
	unsigned int		worker_count;
	u16			delivery, app;	/* or FALCON_NO_CPU */
	u32			rule;		/* that gives it priority, or 0 */
	u32			vni;		/* or FALCON_NO_VNI */
	bool			twin;		/* a flow of another network is like it */
	u64			packets, moves, batches;
	u32			in_flight, in_flight_bytes, held, idle_ms;
	bool			on_lanes;	/* above stock: workers and so on are valid */
};

/* What status-get tells of all of them. */
struct falcon_flow_sum {
	unsigned int	flows;		/* with packets in the last second */
	unsigned int	in_lanes;	/* of them, in lanes */
	unsigned int	several;	/* of those, on several CPUs at once */
	unsigned int	ahead;		/* on the NIC's CPU, by a rule */
	unsigned int	not_promoted;	/* above the rate, and on the kernel's path */
	u32		reason;		/* enum falcon_reason; why most of the barred are */
};

#endif /* _FALCON_FLOW_INFO_H */
