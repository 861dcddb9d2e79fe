/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family; its contract is include/netlink/falcon.yaml. */

#ifndef _FALCON_NETLINK_H
#define _FALCON_NETLINK_H

struct genl_family;

extern struct genl_family falcon_family;

/* Register the family. Context: process. Return: 0 or an error. */
int falcon_netlink_init(void);

/* Unregister it; requests under way have ended when it returns. Context: process. */
void falcon_netlink_exit(void);

#endif /* _FALCON_NETLINK_H */
