/* SPDX-License-Identifier: GPL-2.0 */
/* What the host tells: CPUs and devices that come and go, and load. */

#ifndef _FALCON_HOST_H
#define _FALCON_HOST_H

#include <linux/types.h>

struct falcon_device;
struct net_device;

/*
 * Whom it is told to. All of it is there before the first event, and until after the last one: the
 * host knows nobody of those.
 */
struct falcon_host_ops {
	/*
	 * What the plan is made of has changed: usable CPUs, load, tunnels, NICs. Every packet sees
	 * the new plan after a grace period. Context: process, RTNL may be held.
	 */
	void (*changed)(void);

	/*
	 * The GRO of some tunnel merges UDP otherwise than the tunnels were told when falcon was
	 * enabled. Context: RTNL.
	 */
	void (*merging_changed)(void);

	/* Whether nothing of falcon's is on a CPU any more. Context: process. */
	bool (*cpu_has_left)(unsigned int cpu);

	/*
	 * A device goes, of whatever kind: nothing that is to be delivered there may be left.
	 * Context: NETDEV_UNREGISTER, for these three.
	 */
	void (*device_gone)(const struct net_device *dev);

	/* And it was a tunnel: nothing from there may be left. */
	void (*tunnel_gone)(const struct net_device *dev);

	/* And it was a NIC: likewise. @device is the callee's, to be freed after a grace period. */
	void (*nic_gone)(struct falcon_device *device);
};

#endif /* _FALCON_HOST_H */
