// SPDX-License-Identifier: GPL-2.0
/*
 * How a function is redirected: ftrace calls our handler at its entry, the handler decides
 * with the function's own arguments, and either leaves everything as it is, so that the
 * original runs, or sets the instruction pointer to a replacement (as livepatch does). The
 * original is never called from here: a static function whose address nobody takes is no
 * valid target of an indirect call on a kernel with IBT.
 *
 * No recursion guard is held while a handler decides: nothing that it calls enters a hooked
 * function, and livepatch warns when it meets a held one.
 *
 * get_rps_cpu		the kernel's own question "which CPU?", put at every hand-over between
 *			stages (netif_receive_skb*(), netif_rx()), in an RCU read section
 * gro_cells_receive	the tunnels' hand-over to a queue of their own, put in softirq
 * veth_xmit		what a veth does with a packet, the merge point when it has NAPI
 * macvlan_handle_frame	where these receive what the device below them got, without a queue: the
 * ipvlan_handle_frame	merge point for them
 * enqueue_to_backlog	the hand-over to a CPU's backlog, the merge point otherwise
 * napi_gro_receive	GRO's entries, where packets leave the driver: the ingress
 * napi_gro_frags
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
 * What a handler tells the replacement. The arguments stay the kernel's own: a BPF program at the
 * function's entry runs between the two, and reads them.
 *
 * Handler and replacement run on one CPU, with BH or interrupts off. So only an interrupt, whose
 * driver may call netif_rx(), can have a handler run in between: it has a word of its own. Another
 * does not interrupt it, and what cannot be masked calls no hooked function.
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

/* Stands in for get_rps_cpu(): the handler has told it the answer. */
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
	/* In a lane everything up to the merge point is done here. */
	int cpu = falcon_runner_active() ? -1 : falcon_steer(dev, skb, rflow);

	if (cpu == FALCON_STEER_PASS)
		return;
	tell(cpu);
	redirect(fregs, answer_cpu);
}

/* Stands in for gro_cells_receive(): the handler has told it the epoch. */
static noinline int receive_past_cell(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_gro_bypass_pass(skb, what_was_told());
}

/* Likewise, in a lane. */
static noinline int receive_in_context(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_runner_gro_cell(skb);
}

static void notrace on_gro_cells_receive(unsigned long ip, unsigned long parent_ip,
					 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);
	u32 epoch;

	/* A device that is down is for the original to drop. */
	if ((falcon_runner_active() || falcon_runner_delivers()) && skb->dev->flags & IFF_UP) {
		redirect(fregs, receive_in_context);
	} else if (falcon_steer_bypasses_gro(skb, &epoch)) {
		tell(epoch);
		redirect(fregs, receive_past_cell);
	}
}

/* Stands in for functions that answer 0 when all is well. */
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
	/* With TSO what it forwards goes to the backlog, see veth_skb_is_eligible_for_gro(). */
	if (falcon_runner_transmit(skb, dev) && !(dev->features & NETIF_F_ALL_TSO) &&
	    falcon_runner_merge(skb, FALCON_MERGE_POINT_TRANSMIT))
		redirect(fregs, answer_success);
}

/* Stands in for a device's rx_handler, which can be called again: its address is known. */
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
		return;		/* RPS */
	if (falcon_runner_merge(skb, FALCON_MERGE_POINT_BACKLOG) || falcon_runner_follow(skb))
		redirect(fregs, answer_success);
}

/* Stands in for GRO's entries: the packet is in a lane. */
static noinline gro_result_t answer_consumed(void)
{
	return GRO_CONSUMED;
}

/* Likewise, when the packet's flow is to go into lanes, if it can. */
static noinline gro_result_t receive_promoting(struct falcon_gro *gro, struct sk_buff *skb)
{
	return falcon_ingress_promote(gro, skb) ? GRO_CONSUMED : falcon_runner_receive(gro, skb);
}

static noinline gro_result_t receive_frags_promoting(struct napi_struct *napi)
{
	return falcon_ingress_promote_frags(napi) ? GRO_CONSUMED :
						    falcon_runner_receive_frags(napi);
}

/* Likewise, when the packet is to be processed now. */
static noinline gro_result_t receive_ahead(void)
{
	falcon_ingress_go_ahead();
	return GRO_CONSUMED;
}

/* What the ingress has said, @promoting standing in for GRO's entry when the flow may go up. */
static void notrace redirect_intake(struct ftrace_regs *fregs, enum falcon_ingress_answer answer,
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

	/* A lane's own GRO; a tunnel, whose packets come here from its GRO cell. */
	if (falcon_runner_active() || falcon_device_is_virtual(skb->dev))
		return;
	redirect_intake(fregs, falcon_ingress(gro, skb), receive_promoting);
}

static void notrace on_napi_gro_frags(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct napi_struct *napi = (void *)ftrace_regs_get_argument(fregs, 0);

	redirect_intake(fregs, falcon_ingress_frags(napi), receive_frags_promoting);
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
	/* From the way out to the way in, so that what comes in finds all of it. */
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
