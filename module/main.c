// SPDX-License-Identifier: GPL-2.0
/* falcon: spreads the receive path of one overlay flow over several CPUs, on a stock kernel. */

#include <linux/module.h>

#include "control/control.h"
#include "control/netlink.h"
#include "flow/hash.h"
#include "hook/hook.h"
#include "hook/sites.h"
#include "host/cpu.h"
#include "host/notifier.h"
#include "lanes/forget.h"
#include "lanes/merge_dev.h"
#include "rules/priority.h"

static int __init falcon_init(void)
{
	int err;

	falcon_hash_init();
	falcon_merge_devs_init();
	err = falcon_priority_init();
	if (err)
		return err;
	err = falcon_hooks_init(falcon_sites);
	if (err)
		goto priority;
	err = falcon_devices_init(&falcon_control_host_ops);
	if (err)
		goto hooks;
	err = falcon_cpus_init(&falcon_control_host_ops);
	if (err)
		goto devices;
	err = falcon_netlink_init();
	if (err)
		goto cpus;
	return 0;

cpus:
	falcon_cpus_exit();
devices:
	falcon_devices_stop();
	falcon_forget_exit();
	falcon_devices_exit();
hooks:
	falcon_hooks_exit();
priority:
	falcon_priority_exit();
	return err;
}

/* Stop in this order: requests, packets, CPU callbacks, device events. */
static void __exit falcon_exit(void)
{
	falcon_netlink_exit();
	falcon_disable();
	falcon_cpus_exit();
	falcon_devices_stop();
	falcon_forget_exit();
	falcon_devices_exit();
	falcon_control_exit();
	falcon_hooks_exit();
	falcon_priority_exit();
}

module_init(falcon_init);
module_exit(falcon_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Receive path of one overlay flow over several CPUs");
MODULE_VERSION(FALCON_VERSION);
