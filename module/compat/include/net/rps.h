/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In older kernels struct rps_dev_flow and rps_needed are in linux/netdevice.h, and RFS's table is
 * a variable of its own. Later kernels have the table in net_hotdata; the latest ones encode its
 * size in the pointer.
 */

#ifndef _FALCON_COMPAT_NET_RPS_H
#define _FALCON_COMPAT_NET_RPS_H

#include <linux/netdevice.h>

#ifndef RPS_NO_FILTER
#include_next <net/rps.h>
#endif

#include <kernel-has.h>

#if FALCON_HAS_NETDEV_RX_QUEUE_H
#include <net/netdev_rx_queue.h>
#endif

/* True if RPS or RFS is set on a queue. Only tested for zero: later kernels tag the pointer. */
static inline bool falcon_queue_has_rps(const struct netdev_rx_queue *queue)
{
	return rcu_access_pointer(queue->rps_map) || READ_ONCE(queue->rps_flow_table);
}

/*
 * Look up a flow's entry in RFS's table, and the mask of the entry's CPU bits. Context: RCU read
 * section. Return: false if there is no table.
 */
static inline bool falcon_sock_flow(u32 hash, u32 *entry, u32 *mask)
{
#ifdef RPS_SOCK_FLOW_TABLE_SIZE
#if FALCON_HAS_HOTDATA_RPS_TABLE
	const struct rps_sock_flow_table *table = rcu_dereference(net_hotdata.rps_sock_flow_table);

	*mask = net_hotdata.rps_cpu_mask;
#else
	const struct rps_sock_flow_table *table = rcu_dereference(rps_sock_flow_table);

	*mask = rps_cpu_mask;
#endif
	if (!table)
		return false;
	*entry = READ_ONCE(table->ents[hash & table->mask]);
#else
	rps_tag_ptr tag = READ_ONCE(net_hotdata.rps_sock_flow_table);
	const struct rps_sock_flow_table *table = rps_tag_to_table(tag);

	if (!tag)
		return false;
	*mask = net_hotdata.rps_cpu_mask;
	*entry = READ_ONCE(table[hash & rps_tag_to_mask(tag)].ent);
#endif
	return true;
}

#endif /* _FALCON_COMPAT_NET_RPS_H */
