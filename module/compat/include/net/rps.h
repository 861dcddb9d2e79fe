/* SPDX-License-Identifier: GPL-2.0 */
/* Until 6.8 struct rps_dev_flow and rps_needed are in linux/netdevice.h. */

#ifndef _FALCON_COMPAT_NET_RPS_H
#define _FALCON_COMPAT_NET_RPS_H

#include <linux/netdevice.h>

#ifndef RPS_NO_FILTER
#include_next <net/rps.h>
#endif

#endif /* _FALCON_COMPAT_NET_RPS_H */
