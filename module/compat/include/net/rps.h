/* SPDX-License-Identifier: GPL-2.0 */
/* Until 6.8 struct rps_dev_flow and rps_needed are in linux/netdevice.h. */

#ifndef _FALCON_COMPAT_NET_RPS_H
#define _FALCON_COMPAT_NET_RPS_H

#include <linux/netdevice.h>

#ifndef RPS_NO_FILTER
#include_next <net/rps.h>
#endif

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/netdev_rx_queue.h>
#endif

/* Whether RPS or RFS is set on a queue; later kernels keep a tagged pointer. */
static inline bool falcon_queue_has_rps(const struct netdev_rx_queue *queue)
{
	return rcu_access_pointer(queue->rps_map) || READ_ONCE(queue->rps_flow_table);
}

#endif /* _FALCON_COMPAT_NET_RPS_H */
