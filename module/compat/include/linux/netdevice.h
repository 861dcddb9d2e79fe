/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dummy device to hang NAPI instances on: older kernels have no allocator for one. What looks at
 * what a device receives: older kernels have a miniq of tc's.
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

/* Whether tc or netfilter look at what a device receives. */
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
