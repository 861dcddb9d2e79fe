/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct falcon_gro: a GRO context under one name on every kernel, as the hooked entry of GRO
 * receives it. In older kernels that is the NAPI instance, in later ones a struct gro_node in it.
 */

#ifndef _FALCON_COMPAT_NET_GRO_H
#define _FALCON_COMPAT_NET_GRO_H

#include <kernel-has.h>
#include_next <net/gro.h>
#include <net/busy_poll.h>

#if FALCON_HAS_GRO_RECEIVE_SKB

#define FALCON_GRO_ENTRY "gro_receive_skb"

struct falcon_gro {
	struct gro_node node;
};

#define falcon_gro_of(napi)		((struct falcon_gro *)&(napi)->gro)
#define falcon_gro_receive(gro, skb)	gro_receive_skb(&(gro)->node, skb)
#define falcon_gro_mark(gro, skb)	__skb_mark_napi_id(skb, &(gro)->node)
#define falcon_gro_flush_held(gro)	gro_flush(&(gro)->node, false)
#define falcon_gro_list(gro)		(&(gro)->node.rx_list)
#define falcon_gro_list_count(gro)	((gro)->node.rx_count)

#else

#define FALCON_GRO_ENTRY "napi_gro_receive"

struct falcon_gro {
	struct napi_struct napi;
};

#define falcon_gro_of(instance)		((struct falcon_gro *)(instance))
#define falcon_gro_receive(gro, skb)	napi_gro_receive(&(gro)->napi, skb)
#define falcon_gro_mark(gro, skb)	skb_mark_napi_id(skb, &(gro)->napi)
#define falcon_gro_flush_held(gro)	napi_gro_flush(&(gro)->napi, false)
#define falcon_gro_list(gro)		(&(gro)->napi.rx_list)
#define falcon_gro_list_count(gro)	((gro)->napi.rx_count)

#endif

/* True if packet sockets or other taps see the packets of a device. */
#if FALCON_HAS_DEV_NIT_ACTIVE_RCU
#define falcon_nit_active(dev) dev_nit_active_rcu(dev)
#else
#define falcon_nit_active(dev) dev_nit_active(dev)
#endif

/* The most packets that a CPU's backlog, or a GRO cell, holds. */
#if FALCON_HAS_HOTDATA_MAX_BACKLOG
#include <net/hotdata.h>
#define falcon_max_backlog() READ_ONCE(net_hotdata.max_backlog)
#else
#define falcon_max_backlog() READ_ONCE(netdev_max_backlog)
#endif

/*
 * Flush a GRO context completely: the packets that it holds, and its list of received packets.
 * gro_normal_list() would do the latter, but calls a function that is not exported.
 */
static inline void falcon_gro_flush(struct falcon_gro *gro)
{
	LIST_HEAD(list);

	falcon_gro_flush_held(gro);
	if (!falcon_gro_list_count(gro))
		return;
	list_splice_init(falcon_gro_list(gro), &list);
	falcon_gro_list_count(gro) = 0;
	netif_receive_skb_list(&list);
}

#endif /* _FALCON_COMPAT_NET_GRO_H */
