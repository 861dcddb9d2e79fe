// SPDX-License-Identifier: GPL-2.0

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "host/device.h"
#include "host/tunnel_group.h"
#include "host/udp_gro.h"

/* Number of tunnels that see UDP, and of those that should and do not yet. Written under RTNL. */
static unsigned int seeing, untold;

/* A device on its way to another namespace. Under RTNL. */
static struct {
	const struct net_device	*dev;
	bool			merges_udp, through_cell;
} moving;

bool falcon_udp_gro_merges(const struct net_device *dev, const struct falcon_kind *kind)
{
	return kind->origin && dev->features & (NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD);
}

static void see_udp(struct falcon_device *tunnel, bool sees)
{
	struct falcon_tunnel_group *group = tunnel->group;
	int more = sees - tunnel->through_cell;

	WRITE_ONCE(seeing, seeing + more);
	WRITE_ONCE(group->seeing, group->seeing + more);
	WRITE_ONCE(tunnel->through_cell, sees);
}

/*
 * True if flows must come back before the tunnel may see their UDP. The tunnels of other namespaces
 * that have a NIC see it all their life, so their owners cannot have flows brought back. Tunnels
 * that no NIC's packets reach never see it.
 */
static bool is_untold(const struct falcon_device *device)
{
	return device->kind->origin && falcon_device_is_initial(device) && device->merges_udp &&
	       !device->through_cell;
}

void falcon_udp_gro_see_at_once(struct falcon_device *tunnel)
{
	if (!falcon_device_is_initial(tunnel))
		see_udp(tunnel, true);
}

void falcon_udp_gro_join(struct falcon_device *tunnel, bool has_nic)
{
	if (moving.dev == tunnel->dev) {
		tunnel->merges_udp |= moving.merges_udp;
		see_udp(tunnel, moving.through_cell);
	}
	if (has_nic)
		falcon_udp_gro_see_at_once(tunnel);
	WRITE_ONCE(untold, untold + is_untold(tunnel));
}

void falcon_udp_gro_leave(struct falcon_device *tunnel)
{
	/* A device that stays registered only moves. It is added again before RTNL is released. */
	moving.dev = tunnel->dev->reg_state == NETREG_REGISTERED ? tunnel->dev : NULL;
	moving.merges_udp = tunnel->merges_udp;
	moving.through_cell = tunnel->through_cell;
	WRITE_ONCE(untold, untold - is_untold(tunnel));
	see_udp(tunnel, false);
}

void falcon_udp_gro_arrived(void)
{
	moving.dev = NULL;
}

void falcon_udp_gro_change(struct falcon_device *tunnel)
{
	bool untold_before = is_untold(tunnel);

	/* Once is for good: its owner could clear and set the feature again and again. */
	tunnel->merges_udp |= falcon_udp_gro_merges(tunnel->dev, tunnel->kind);
	WRITE_ONCE(untold, untold + is_untold(tunnel) - untold_before);
}

bool falcon_devices_merge_as_told(void)
{
	return !READ_ONCE(untold);
}

void falcon_devices_tell_merging(bool anew)
{
	struct falcon_device *device;

	rtnl_lock();
	list_for_each_entry(device, &falcon_devices, node) {
		if (!device->kind->origin || !falcon_device_is_initial(device))
			continue;
		if (anew)
			device->merges_udp = falcon_udp_gro_merges(device->dev, device->kind);
		see_udp(device, device->merges_udp);
	}
	WRITE_ONCE(untold, 0);
	rtnl_unlock();
}

bool falcon_devices_see_udp(void)
{
	return READ_ONCE(seeing);
}

static bool group_sees_udp(const struct net_device *nic, const struct falcon_encap *encap,
			    u32 vni)
{
	const struct falcon_tunnel_group *group = falcon_tunnel_group_find(nic, encap, vni);

	return group && READ_ONCE(group->seeing);
}

bool falcon_devices_see_udp_of(const struct net_device *nic, const struct falcon_encap *encap,
			       u32 vni)
{
	return (vni != FALCON_NO_VNI && group_sees_udp(nic, encap, vni)) ||
	       group_sees_udp(nic, encap, FALCON_NO_VNI);
}
