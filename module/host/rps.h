/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks whether the kernel itself may have a flow's packets on other CPUs: by RPS, RFS or threaded
 * NAPI of a device on their path.
 */

#ifndef _FALCON_RPS_H
#define _FALCON_RPS_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

struct falcon_encap;
struct net_device;
struct sk_buff;

/**
 * falcon_devices_reason() - why a flow may not leave the kernel's path
 * @nic: the NIC that it arrives on
 * @encap: its encapsulation
 * @vni: its virtual network
 *
 * Only the devices on the flow's own path count, as only there the kernel may have packets of it on
 * other CPUs: the NIC, the bridges beside it, the tunnels that may take the flow, and their
 * masters.
 *
 * Context: BH. Return: the reason; FALCON_REASON_NONE if the flow may leave.
 */
enum falcon_reason falcon_devices_reason(const struct net_device *nic,
					 const struct falcon_encap *encap, u32 vni);

/*
 * The same for the tunnels and their masters alone, as of this jiffy. That is recent enough for a
 * flow that goes ahead, past all queues. Context: BH.
 */
enum falcon_reason falcon_tunnels_reason(const struct net_device *nic,
					 const struct falcon_encap *encap, u32 vni);

/* True if the kernel would ask RPS or RFS for the CPU of this packet. Context: BH. */
bool falcon_packet_has_rps(const struct sk_buff *skb);

#endif /* _FALCON_RPS_H */
