/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the kernel itself may have a flow's packets on other CPUs: by RPS, RFS or threaded NAPI
 * of a device on their way.
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
 * @nic: that it arrives on
 * @encap: what it is wrapped in
 * @vni: its network
 *
 * By the devices of its own way alone, on which stock may have packets of it on other CPUs: the
 * NIC, the bridges beside it, the tunnels that it may be for, and what those belong to.
 *
 * Context: BH. Return: FALCON_REASON_NONE: it may.
 */
enum falcon_reason falcon_devices_reason(const struct net_device *nic,
					 const struct falcon_encap *encap, u32 vni);

/*
 * The same by the tunnels alone, and what they belong to, as of this jiffy: for who goes past all
 * queues, and so may be told that late. Context: BH.
 */
enum falcon_reason falcon_tunnels_reason(const struct net_device *nic,
					 const struct falcon_encap *encap, u32 vni);

/* Whether the kernel would ask RPS or RFS which CPU is to have a packet. Context: BH. */
bool falcon_packet_has_rps(const struct sk_buff *skb);

#endif /* _FALCON_RPS_H */
