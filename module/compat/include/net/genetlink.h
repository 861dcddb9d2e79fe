/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a multicast group asks of its listeners. Earlier kernels ask the same, CAP_NET_ADMIN in the
 * user namespace of the network namespace, by the flag that commands have for it.
 */

#ifndef _FALCON_COMPAT_NET_GENETLINK_H
#define _FALCON_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>

#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

#endif /* _FALCON_COMPAT_NET_GENETLINK_H */
