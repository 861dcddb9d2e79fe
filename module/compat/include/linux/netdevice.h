/* SPDX-License-Identifier: GPL-2.0 */
/* A dummy device to hang NAPI instances on: until 6.9 there is no allocator for one. */

#ifndef _FALCON_COMPAT_LINUX_NETDEVICE_H
#define _FALCON_COMPAT_LINUX_NETDEVICE_H

#include <linux/version.h>
#include_next <linux/netdevice.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)

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

#endif /* _FALCON_COMPAT_LINUX_NETDEVICE_H */
