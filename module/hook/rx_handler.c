// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <net/net_namespace.h>

#include "hook/rx_handler.h"
#include "lanes/endpoint.h"
#include "lanes/runner.h"

/* True while falcon_runner_handle() calls a device's handler: the hook must let this call pass. */
static DEFINE_PER_CPU(bool, in_handler);

bool falcon_runner_handles(void)
{
	return (falcon_runner_active() || falcon_endpoint_expected()) && !this_cpu_read(in_handler);
}

rx_handler_result_t falcon_runner_handle(struct sk_buff **pskb)
{
	const struct net_device *dev = (*pskb)->dev;
	/* NULL if it was removed after the kernel read it: act as if the kernel read it now. */
	rx_handler_func_t *handler = rcu_dereference(dev->rx_handler);
	rx_handler_result_t result;

	if (!handler)
		return RX_HANDLER_PASS;
	__this_cpu_write(in_handler, true);
	result = handler(pskb);
	__this_cpu_write(in_handler, false);
	/*
	 * No merge point within one namespace: after RX_HANDLER_ANOTHER the kernel still offers the
	 * packet to the packet sockets of one protocol on @dev, and these are of this namespace.
	 */
	if (result != RX_HANDLER_ANOTHER || net_eq(dev_net(dev), dev_net((*pskb)->dev)))
		return result;
	if (falcon_endpoint_expected())
		falcon_endpoint_see(*pskb, (*pskb)->dev);
	return falcon_runner_merge(*pskb, FALCON_MERGE_POINT_RX_HANDLER) ? RX_HANDLER_CONSUMED :
									    result;
}
