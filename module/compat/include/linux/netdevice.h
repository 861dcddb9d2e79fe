/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An allocator for a dummy device, to which NAPI instances are attached: older kernels have none.
 * A test for hooks at a device's ingress: older kernels have tc's miniq there.
 */

#ifndef _FALCON_COMPAT_LINUX_NETDEVICE_H
#define _FALCON_COMPAT_LINUX_NETDEVICE_H

#include <kernel-has.h>
#include_next <linux/netdevice.h>

#if FALCON_HAS_ALLOC_NETDEV_DUMMY

#define falcon_dummy_free(dev) free_netdev(dev)

#else

#include <linux/slab.h>

static inline struct net_device *alloc_netdev_dummy(int private)
{
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
}

#define falcon_dummy_free(dev) kfree(dev)

#endif

/* True if tc or netfilter inspects the packets that a device receives. */
static inline bool falcon_has_ingress(const struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(dev->nf_hooks_ingress))
		return true;
#endif
#if defined(CONFIG_NET_XGRESS)
	return rcu_access_pointer(dev->tcx_ingress);
#elif defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_ingress);
#else
	return false;
#endif
}

#endif /* _FALCON_COMPAT_LINUX_NETDEVICE_H */
