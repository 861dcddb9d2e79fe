/* SPDX-License-Identifier: GPL-2.0 */
/* falcon calls a device's rx_handler itself, to see what becomes of the packet. */

#ifndef _FALCON_RX_HANDLER_H
#define _FALCON_RX_HANDLER_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

/* Whether a device's rx_handler is to be called by falcon_runner_handle(). Context: any. */
bool falcon_runner_handles(void);

/**
 * falcon_runner_handle() - call the rx_handler of a packet's device
 * @pskb: as for the handler
 *
 * macvlan and ipvlan have no queue: where they pass a packet on, to be received as a container's
 * device's, is a merge point, for packets in a context.
 *
 * Context: softirq, RCU read section. Return: RX_HANDLER_, for the caller of the handler.
 */
rx_handler_result_t falcon_runner_handle(struct sk_buff **pskb);

#endif /* _FALCON_RX_HANDLER_H */
