/* SPDX-License-Identifier: GPL-2.0 */
/* How host/ reports CPUs and devices that come and go, and load. */

#ifndef _FALCON_HOST_H
#define _FALCON_HOST_H

#include <linux/types.h>

struct falcon_device;
struct net_device;

/*
 * The receivers. Every callback is valid from before the first event until after the last one. The
 * table is passed in, so host/ knows nobody above it.
 */
struct falcon_host_ops {
	/*
	 * An input of the plan has changed: usable CPUs, load, tunnels, NICs. Every packet sees the
	 * new plan after a grace period. Context: process, RTNL may be held.
	 */
	void (*changed)(void);

	/*
	 * Some tunnel's GRO merges UDP, and the tunnel does not see UDP yet (udp_gro.h). Context:
	 * RTNL.
	 */
	void (*merging_changed)(void);

	/* A CPU is about to come online; it runs nothing yet. Context: process. */
	void (*cpu_comes)(unsigned int cpu);

	/* That CPU is online, or does not come after all. Context: process. */
	void (*cpu_came)(unsigned int cpu);

	/* True if falcon has nothing left on a CPU. Context: process. */
	bool (*cpu_has_left)(unsigned int cpu);

	/*
	 * A device of any kind goes: falcon must not keep a packet to deliver there. Context of
	 * this callback and the next two: NETDEV_UNREGISTER.
	 */
	void (*device_gone)(const struct net_device *dev);

	/* The device was a tunnel: falcon must not keep a packet from there. */
	void (*tunnel_gone)(const struct net_device *dev);

	/*
	 * The device was a NIC: likewise. The callee owns @device, and frees it after a grace
	 * period.
	 */
	void (*nic_gone)(struct falcon_device *device);
};

#endif /* _FALCON_HOST_H */
