/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family; its contract is include/netlink/falcon.yaml. */

#ifndef _FALCON_NETLINK_H
#define _FALCON_NETLINK_H

#include <uapi/linux/falcon.h>

#include "device.h"

/* What a notification tells, where it applies. */
struct falcon_notice {
	enum falcon_event		event;
	const struct falcon_device	*device;	/* dev may be followed: under RTNL */
	unsigned int			cpu;
	bool				has_cpu;
	const char			*reason;
};

/* Register the family. Context: process. Return: 0 or an error. */
int falcon_netlink_init(void);

/* Unregister it; requests under way have ended when it returns. Context: process. */
void falcon_netlink_exit(void);

/* Tell the group "events". Without memory nobody is told. Context: process. */
void falcon_notify(const struct falcon_notice *notice);

#endif /* _FALCON_NETLINK_H */
