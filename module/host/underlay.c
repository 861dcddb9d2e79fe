// SPDX-License-Identifier: GPL-2.0

#include <linux/rculist.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "host/device.h"
#include "host/tunnels.h"
#include "host/udp_gro.h"
#include "host/underlay.h"

static unsigned int underlay_id;

struct falcon_underlay *falcon_underlay_of(const struct net *net)
{
	return net_generic(net, underlay_id);
}

/* NICs' packets can reach a tunnel from now on (@count 1), or no longer (@count -1). */
static void count_tunnel(struct falcon_device *tunnel, int count)
{
	bool counted = (count > 0 || tunnel->counted) &&
		       falcon_tunnels_count(&tunnel->way.encap, falcon_device_is_initial(tunnel),
					    count);

	WRITE_ONCE(tunnel->counted, counted && count > 0);
}

static void count_nic(struct falcon_underlay *underlay, int count)
{
	struct falcon_device *tunnel;
	bool initial = false;

	underlay->nics += count;
	/* The first NIC has come, or the last one has gone. */
	if (underlay->nics == (count > 0)) {
		list_for_each_entry(tunnel, &underlay->tunnels, beside) {
			count_tunnel(tunnel, count);
			initial = falcon_device_is_initial(tunnel);
			if (count > 0)
				falcon_udp_gro_see_at_once(tunnel);
		}
		falcon_tunnels_sum_up(initial);
	}
}

bool falcon_underlay_join(struct falcon_device *device)
{
	struct falcon_underlay *underlay = device->underlay;

	if (falcon_device_is_nic(device)) {
		count_nic(underlay, 1);
		return true;
	}
	if (!device->kind->origin) {
		list_add_tail_rcu(&device->beside, &underlay->bridges);
		return false;
	}
	list_add_tail(&device->beside, &underlay->tunnels);
	falcon_udp_gro_join(device, underlay->nics);
	if (!underlay->nics)
		return false;
	count_tunnel(device, 1);
	return falcon_tunnels_sum_up(falcon_device_is_initial(device));
}

bool falcon_underlay_leave(struct falcon_device *device)
{
	struct falcon_underlay *underlay = device->underlay;

	if (falcon_device_is_nic(device)) {
		count_nic(underlay, -1);
		return true;
	}
	if (!device->kind->origin) {
		list_del_rcu(&device->beside);
		return false;
	}
	list_del(&device->beside);
	falcon_udp_gro_leave(device);
	if (!underlay->nics)
		return false;
	count_tunnel(device, -1);
	return falcon_tunnels_sum_up(falcon_device_is_initial(device));
}

static int __net_init init_underlay(struct net *net)
{
	struct falcon_underlay *underlay = net_generic(net, underlay_id);

	INIT_LIST_HEAD(&underlay->tunnels);
	INIT_LIST_HEAD(&underlay->bridges);
	return 0;
}

static struct pernet_operations underlays = {
	.init	= init_underlay,
	.id	= &underlay_id,
	.size	= sizeof(struct falcon_underlay),
};

int falcon_underlays_init(void)
{
	return register_pernet_subsys(&underlays);
}

void falcon_underlays_exit(void)
{
	unregister_pernet_subsys(&underlays);
}
