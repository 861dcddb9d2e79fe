/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_NETLINK_H
#define _SHIM_NETLINK_H

#include_next <linux/netlink.h>

struct netlink_ext_ack;

#endif
