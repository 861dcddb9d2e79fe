/* SPDX-License-Identifier: GPL-2.0 */
/* falcon calls a device's rx_handler itself to see what the handler decides about the packet. */

#ifndef _FALCON_RX_HANDLER_H
#define _FALCON_RX_HANDLER_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

/* True if falcon_runner_handle() must call the device's rx_handler. Context: any. */
bool falcon_runner_handles(void);

/**
 * falcon_runner_handle() - call the rx_handler of a packet's device
 * @pskb: as for the handler
 *
 * macvlan and ipvlan have no queue. Their handler passes a packet on by making it one of the
 * container's device (RX_HANDLER_ANOTHER). For packets that a runner processes, that is the merge
 * point.
 *
 * Context: softirq, RCU read section. Return: RX_HANDLER_, for the caller of the handler.
 */
rx_handler_result_t falcon_runner_handle(struct sk_buff **pskb);

#endif /* _FALCON_RX_HANDLER_H */
