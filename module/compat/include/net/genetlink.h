/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The capability that a multicast group demands of its listeners: CAP_NET_ADMIN in the user
 * namespace of the network namespace. Earlier kernels use the flag of commands for it.
 */

#ifndef _FALCON_COMPAT_NET_GENETLINK_H
#define _FALCON_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>

#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

#endif /* _FALCON_COMPAT_NET_GENETLINK_H */
