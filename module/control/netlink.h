/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family, as include/netlink/falcon.yaml specifies it. */

#ifndef _FALCON_NETLINK_H
#define _FALCON_NETLINK_H

struct genl_family;

extern struct genl_family falcon_family;

/* Register the family. Context: process. Return: 0 or an error. */
int falcon_netlink_init(void);

/* Unregister the family. No request is under way on return. Context: process. */
void falcon_netlink_exit(void);

#endif /* _FALCON_NETLINK_H */
