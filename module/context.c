// SPDX-License-Identifier: GPL-2.0

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <net/gro.h>

#include "cell.h"
#include "context.h"

/* Headers that are wanted on the way: outer IPv6, VXLAN, inner IPv6 and TCP fit. */
#define PULL 128

/*
 * What this CPU is processing in, while it does. Set and read in softirq, and by whatever
 * interrupts that; never by a task, which cannot run meanwhile.
 */
static DEFINE_PER_CPU(struct falcon_context *, active);
static DEFINE_PER_CPU(bool, stock);

static int no_poll(struct napi_struct *napi, int budget)
{
	return 0;
}

static void add_napi(struct net_device *dev, struct napi_struct *napi)
{
	set_bit(NAPI_STATE_NO_BUSY_POLL, &napi->state);
	netif_napi_add(dev, napi, no_poll);
}

void falcon_context_init(struct falcon_context *context, struct net_device *dev)
{
	add_napi(dev, &context->outer);
	add_napi(dev, &context->inner);
}

void falcon_context_exit(struct falcon_context *context)
{
	/* Never enabled, so there is nothing to disable. */
	netif_napi_del(&context->inner);
	netif_napi_del(&context->outer);
}

static void receive(struct falcon_context *context, struct falcon_chain *packets)
{
	struct sk_buff *skb;
	LIST_HEAD(list);

	while ((skb = falcon_chain_pop(packets))) {
		skb->alloc_cpu = context->origin;
		/* At once what GRO would, instead of header by header. */
		pskb_may_pull(skb, min_t(unsigned int, skb->len, PULL));
		list_add_tail(&skb->list, &list);
	}
	netif_receive_skb_list(&list);
}

static void receive_merging(struct falcon_context *context, struct falcon_chain *packets)
{
	struct sk_buff *skb;

	while ((skb = falcon_chain_pop(packets))) {
		skb->alloc_cpu = context->origin;
		napi_gro_receive(&context->outer, skb);
	}
	falcon_gro_flush(falcon_gro_of(&context->outer));
}

void falcon_context_run(struct falcon_context *context, struct falcon_chain *packets, bool gro,
			u16 origin)
{
	context->gro = gro;
	context->inner_used = false;
	context->origin = origin;
	context->merge = FALCON_MERGE_POINT_UNKNOWN;
	context->watched = false;

	__this_cpu_write(active, context);
	if (gro)
		receive_merging(context, packets);
	else
		receive(context, packets);
	if (context->inner_used)
		falcon_gro_flush(falcon_gro_of(&context->inner));
	__this_cpu_write(active, NULL);
}

void falcon_context_stock(struct falcon_context *context, struct falcon_chain *packets)
{
	struct sk_buff *skb;

	__this_cpu_write(stock, true);
	while ((skb = falcon_chain_pop(packets)))
		napi_gro_receive(&context->outer, skb);
	falcon_gro_flush(falcon_gro_of(&context->outer));
	__this_cpu_write(stock, false);
}

gro_result_t falcon_context_receive(struct falcon_gro *gro, struct sk_buff *skb)
{
	gro_result_t result;

	__this_cpu_write(stock, true);
	result = falcon_gro_receive(gro, skb);
	__this_cpu_write(stock, false);
	return result;
}

gro_result_t falcon_context_receive_frags(struct napi_struct *napi)
{
	gro_result_t result;

	__this_cpu_write(stock, true);
	result = napi_gro_frags(napi);
	__this_cpu_write(stock, false);
	return result;
}

static struct falcon_context *current_context(void)
{
	struct falcon_context *context = this_cpu_read(active);

	/* An interrupt has packets of its own. */
	return likely(!context) || in_hardirq() || in_nmi() ? NULL : context;
}

bool falcon_context_active(void)
{
	return current_context();
}

bool falcon_context_is_stock(void)
{
	return __this_cpu_read(stock);
}

bool falcon_context_merge(struct sk_buff *skb, enum falcon_merge_point where)
{
	struct falcon_context *context = current_context();

	if (!context || skb->alloc_cpu != context->origin)
		return false;
	context->merge = where;
	/* A packet socket's copy, or one of several that the bridge floods. */
	context->watched |= skb_cloned(skb);
	skb->cb[0] = where;
	falcon_chain_add(&context->output, skb);
	return true;
}

int falcon_context_cell(struct sk_buff *skb)
{
	struct falcon_context *context = __this_cpu_read(active);
	struct napi_struct *inner = &context->inner;

	/* What was merged before the tunnel is not merged again, nor is UDP. */
	if (context->gro && !skb_is_gso(skb) && !skb_cloned(skb) && !netif_elide_gro(skb->dev)) {
		skb->transport_header = (typeof(skb->transport_header))~0U;
		context->inner_used = true;
		napi_gro_receive(inner, skb);
		return NET_RX_SUCCESS;
	}
	/* It must not overtake what waits to be merged. */
	if (context->inner_used)
		falcon_gro_flush(falcon_gro_of(inner));
	falcon_cell_reset_transport(skb);
	return netif_receive_skb(skb);
}
