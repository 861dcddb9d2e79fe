// SPDX-License-Identifier: GPL-2.0
/*
 * How a function is redirected: ftrace calls our handler at the function's entry, and the handler
 * decides by the function's own arguments. Either it changes nothing, and the original runs; or it
 * sets the instruction pointer to a replacement, as livepatch does. No replacement calls a static
 * original whose address nobody takes: on a kernel with IBT, that is no valid target of an indirect
 * call.
 *
 * Handlers take no recursion guard of ftrace: they call nothing that enters a hooked function, and
 * livepatch warns if it finds the guard held.
 *
 * get_rps_cpu		the kernel asks "which CPU?" at every hand-over between stages
 *			(netif_receive_skb*(), netif_rx()), in an RCU read section
 * gro_cells_receive	tunnels hand packets over to a queue of their own, in softirq
 * veth_xmit		a veth transmits to its peer: the merge point if the peer has NAPI
 * macvlan_handle_frame	a macvlan or ipvlan takes packets from the device below it, without a
 * ipvlan_handle_frame	queue: the merge point for these two
 * enqueue_to_backlog	a packet is queued to a CPU's backlog: the merge point otherwise
 * napi_gro_receive	the driver hands packets to GRO: the ingress (gro_receive_skb on later
 * napi_gro_frags	kernels, see FALCON_GRO_ENTRY)
 */

#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <net/gro.h>
#include <net/gro_cells.h>
#include <net/rps.h>

#include "hook/rx_handler.h"
#include "hook/sites.h"
#include "host/netdev.h"
#include "lanes/endpoint.h"
#include "lanes/ingress.h"
#include "lanes/runner.h"
#include "pipeline/gro_bypass.h"
#include "pipeline/steer.h"

/*
 * A word from a handler to its replacement. Handlers do not change the arguments, since a BPF
 * program at the function's entry runs between handler and replacement and reads them.
 *
 * Handler and replacement run on the same CPU, with BH or interrupts off. Between the two, only a
 * hard interrupt can run another handler, because its driver may call netif_rx(): it uses a word of
 * its own. Hard interrupts do not nest, and an NMI calls no hooked function.
 */
static DEFINE_PER_CPU(u32 [2], told);

static __always_inline void tell(u32 word)
{
	__this_cpu_write(told[!!in_hardirq()], word);
}

static __always_inline u32 what_was_told(void)
{
	return __this_cpu_read(told[!!in_hardirq()]);
}

static void notrace redirect(struct ftrace_regs *fregs, const void *replacement)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)replacement);
}

/* Replaces get_rps_cpu(): returns the handler's answer. */
static noinline int answer_cpu(void)
{
	return what_was_told();
}

static void notrace on_get_rps_cpu(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct net_device *dev = (void *)ftrace_regs_get_argument(fregs, 0);
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);
	struct rps_dev_flow **rflow = (void *)ftrace_regs_get_argument(fregs, 2);
	/* A runner takes its packets up to the merge point on this CPU. */
	int cpu = falcon_runner_active() ? -1 : falcon_steer(dev, skb, rflow);

	if (cpu == FALCON_STEER_PASS)
		return;
	tell(cpu);
	redirect(fregs, answer_cpu);
}

/* Replaces gro_cells_receive(): the packet bypasses the GRO cell, with the handler's epoch. */
static noinline int receive_past_cell(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_gro_bypass_pass(skb, what_was_told());
}

/* Replaces gro_cells_receive() while a runner processes packets, or a delivery runs. */
static noinline int receive_in_context(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_runner_gro_cell(skb);
}

static void notrace on_gro_cells_receive(unsigned long ip, unsigned long parent_ip,
					 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);
	u32 epoch;

	/* If the device is down, the original drops the packet. */
	if ((falcon_runner_active() || falcon_runner_delivers()) && skb->dev->flags & IFF_UP) {
		redirect(fregs, receive_in_context);
	} else if (falcon_steer_bypasses_gro(skb, &epoch)) {
		tell(epoch);
		redirect(fregs, receive_past_cell);
	}
}

/* Replaces functions that return 0 for success. */
static noinline int answer_success(void)
{
	BUILD_BUG_ON(NETDEV_TX_OK || NET_RX_SUCCESS);
	return 0;
}

static void notrace on_veth_xmit(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 0);
	struct net_device *dev = (void *)ftrace_regs_get_argument(fregs, 1);

	if (falcon_endpoint_expected())
		falcon_endpoint_see_sent(skb, dev);
	if (!falcon_runner_active()) {
		if (falcon_runner_delivers())
			falcon_runner_transmit(skb, dev);
		return;
	}
	/*
	 * If the veth has TSO, forwarded packets go on to the backlog, which is their merge point:
	 * see veth_skb_is_eligible_for_gro().
	 */
	if (falcon_runner_transmit(skb, dev) && !(dev->features & NETIF_F_ALL_TSO) &&
	    falcon_runner_merge(skb, FALCON_MERGE_POINT_TRANSMIT))
		redirect(fregs, answer_success);
}

/*
 * Replaces a device's rx_handler, and may call the original: the device has its address, so it is a
 * valid target of an indirect call.
 */
static noinline rx_handler_result_t handle(struct sk_buff **pskb)
{
	return falcon_runner_handle(pskb);
}

static void notrace on_rx_handler(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (falcon_runner_handles())
		redirect(fregs, handle);
}

static void notrace on_enqueue_to_backlog(unsigned long ip, unsigned long parent_ip,
					  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 0);
	int cpu = ftrace_regs_get_argument(fregs, 1);

	if (falcon_endpoint_expected())
		falcon_endpoint_see(skb, skb->dev);
	if (cpu != smp_processor_id())
		return;		/* RPS has chosen another CPU */
	if (falcon_runner_merge(skb, FALCON_MERGE_POINT_BACKLOG) || falcon_runner_follow(skb))
		redirect(fregs, answer_success);
}

/* Replaces GRO's entries: falcon has taken the packet. */
static noinline gro_result_t answer_consumed(void)
{
	return GRO_CONSUMED;
}

/* Replace GRO's entries: promote the packet's flow. If that fails, GRO gets the packet. */
static noinline gro_result_t receive_promoting(struct falcon_gro *gro, struct sk_buff *skb)
{
	return falcon_ingress_promote(gro, skb) ? GRO_CONSUMED : falcon_runner_receive(gro, skb);
}

static noinline gro_result_t receive_frags_promoting(struct napi_struct *napi)
{
	return falcon_ingress_promote_frags(napi) ? GRO_CONSUMED :
						    falcon_runner_receive_frags(napi);
}

/* Replaces GRO's entries: process the packet that the handler has put aside, at once. */
static noinline gro_result_t receive_ahead(void)
{
	falcon_ingress_go_ahead();
	return GRO_CONSUMED;
}

/* Act on the answer of the ingress. @promoting: replaces GRO's entry if the flow is due. */
static void notrace redirect_ingress(struct ftrace_regs *fregs, enum falcon_ingress_answer answer,
				     const void *promoting)
{
	if (answer == FALCON_INGRESS_PASS)
		return;
	if (answer == FALCON_INGRESS_TAKEN)
		redirect(fregs, answer_consumed);
	else if (answer == FALCON_INGRESS_PROMOTE)
		redirect(fregs, promoting);
	else if (answer == FALCON_INGRESS_AHEAD)
		redirect(fregs, receive_ahead);
}

static void notrace on_gro_receive(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct falcon_gro *gro = (void *)ftrace_regs_get_argument(fregs, 0);
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);

	/*
	 * Not for the ingress: a runner's own GRO, and a virtual device such as a tunnel, whose
	 * packets come here from its GRO cell.
	 */
	if (falcon_runner_active() || falcon_device_is_virtual(skb->dev))
		return;
	redirect_ingress(fregs, falcon_ingress(gro, skb), receive_promoting);
}

static void notrace on_napi_gro_frags(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct napi_struct *napi = (void *)ftrace_regs_get_argument(fregs, 0);

	redirect_ingress(fregs, falcon_ingress_frags(napi), receive_frags_promoting);
}

#define MODE(name) BIT(FALCON_MODE_##name)

const struct falcon_hook_site falcon_sites[FALCON_HOOKS] = {
	[FALCON_HOOK_STEER] = {
		.symbol		= "get_rps_cpu",
		.capability	= "steering",
		.required	= true,
		.handler	= on_get_rps_cpu,
	},
	[FALCON_HOOK_GRO_CELL] = {
		.symbol		= "gro_cells_receive",
		.capability	= "nic-split",
		.parks		= MODE(LANES),
		.handler	= on_gro_cells_receive,
	},
	/*
	 * For mode lanes, the merge points come before the ingress: a packet that the ingress takes
	 * finds all merge points hooked.
	 */
	[FALCON_HOOK_TRANSMIT] = {
		.symbol		= "veth_xmit",
		.capability	= "lanes-veth-napi",
		.module		= "veth",
		.parks		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_veth_xmit,
	},
	[FALCON_HOOK_MACVLAN] = {
		.symbol		= "macvlan_handle_frame",
		.capability	= "lanes-macvlan",
		.module		= "macvlan",
		.parks		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_rx_handler,
	},
	[FALCON_HOOK_IPVLAN] = {
		.symbol		= "ipvlan_handle_frame",
		.capability	= "lanes-ipvlan",
		.module		= "ipvlan",
		.parks		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_rx_handler,
	},
	[FALCON_HOOK_MERGE] = {
		.symbol		= "enqueue_to_backlog",
		.capability	= "lanes",
		.parks		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_enqueue_to_backlog,
	},
	[FALCON_HOOK_INGRESS] = {
		.symbol		= FALCON_GRO_ENTRY,
		.capability	= "lanes",
		.parks		= MODE(PIPELINE),
		.handler	= on_gro_receive,
	},
	[FALCON_HOOK_FRAGS] = {
		.symbol		= "napi_gro_frags",
		.capability	= "lanes-gro-frags",
		.parks		= MODE(PIPELINE),
		.handler	= on_napi_gro_frags,
	},
};
