/* SPDX-License-Identifier: GPL-2.0 */
/* NAPI instances of falcon's own: on a dummy device, and closed to busy polling. */

#ifndef _FALCON_NAPI_H
#define _FALCON_NAPI_H

#include <linux/netdevice.h>

/* Add such an instance. Context: process. */
static inline void falcon_napi_add(struct net_device *dummy, struct napi_struct *napi,
				   int (*poll)(struct napi_struct *napi, int budget))
{
	/* Set first: adding the instance would otherwise give it an ID for busy polling. */
	set_bit(NAPI_STATE_NO_BUSY_POLL, &napi->state);
	netif_napi_add(dummy, napi, poll);
}

#endif /* _FALCON_NAPI_H */
