// SPDX-License-Identifier: GPL-2.0

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <net/gro.h>
#include <net/rps.h>
#include <net/sock.h>

#include "core/stats.h"
#include "flow/checksum.h"
#include "host/napi.h"
#include "host/netdev.h"
#include "host/rfs.h"
#include "host/rps.h"
#include "lanes/merge_dev.h"
#include "lanes/runner.h"
#include "pipeline/gro_bypass.h"

/* Bytes of headers at most: outer IPv6, VXLAN, inner IPv6 and TCP fit. */
#define PULL 128

/*
 * Packets of one output at most, and as many that may come up behind one delivery. A bridge floods
 * some to all of its ports, and a container may have a bridge, or two in a ring. The kernel's
 * backlog drops earlier: by default it takes a thousand. If it is set to take more than OUTPUT_MAX,
 * that is the limit here, up to OUTPUT_END, which one go can still process.
 */
#define OUTPUT_MAX 4096
#define OUTPUT_END 16384

static bool is_full(unsigned int count)
{
	return unlikely(count >= OUTPUT_MAX) &&
	       count >= min_t(unsigned int, falcon_max_backlog(), OUTPUT_END);
}

/*
 * The runner that processes packets on this CPU, and the delivery that runs here. Set in softirq;
 * read there, and by interrupts on top of it. No task runs on this CPU while either is set.
 */
DEFINE_PER_CPU(struct falcon_runner *, falcon_runner_current);
DEFINE_PER_CPU(struct falcon_runner_delivery *, falcon_runner_delivering);
static DEFINE_PER_CPU(bool, gives_back);

/* The peer of the veth that transmits, if that has a queue; compared only. */
static DEFINE_PER_CPU(const struct net_device *, out_of_queue);

/* A delivery that runs on a CPU. */
struct falcon_runner_delivery {
	struct falcon_chain	behind;		/* to be delivered next */
	unsigned int		followed;	/* packets that have come up behind */
	bool			full;		/* more have come up, and are dropped */
	bool			forwarded;	/* the backlog got some that no socket sent */
	const struct net_device	*answers;	/* device that answers come to; compared only */
};

static int no_poll(struct napi_struct *napi, int budget)
{
	return 0;
}

void falcon_runner_init(struct falcon_runner *runner, struct net_device *dev)
{
	falcon_napi_add(dev, &runner->outer, no_poll);
	falcon_napi_add(dev, &runner->inner, no_poll);
}

void falcon_runner_exit(struct falcon_runner *runner)
{
	/* Never enabled, so there is nothing to disable. */
	__netif_napi_del(&runner->inner);
	__netif_napi_del(&runner->outer);
}

static void receive(struct falcon_runner *runner, struct falcon_chain *packets)
{
	unsigned int pull = runner->headers ?: PULL;
	struct sk_buff *skb;
	LIST_HEAD(list);

	while ((skb = falcon_chain_pop(packets))) {
		runner->headroom = skb_headroom(skb);
		/* Pull all headers at once, as GRO would, instead of one by one. */
		pskb_may_pull(skb, min_t(unsigned int, skb->len, pull));
		list_add_tail(&skb->list, &list);
	}
	netif_receive_skb_list(&list);
}

/*
 * Do for UDP what GRO would have done: verify the checksum, and note how long the headers are.
 * Of the flow's next packets no more than that is pulled. recvmsg() would copy pulled payload a
 * second time, as one more piece.
 */
static void look_at_headers(struct falcon_runner *runner, struct sk_buff *skb)
{
	unsigned int end = falcon_checksum_verify(skb);

	if (!end)
		return;
	end += skb_headroom(skb) - runner->headroom;
	/* More than PULL: the packet got another headroom on its way, so the length is wrong. */
	runner->headers = end <= PULL ? end : 0;
}

static void receive_merging(struct falcon_runner *runner, struct falcon_chain *packets)
{
	struct sk_buff *skb;

	while ((skb = falcon_chain_pop(packets)))
		napi_gro_receive(&runner->outer, skb);
	falcon_gro_flush(falcon_gro_of(&runner->outer));
}

void falcon_runner_run(struct falcon_runner *runner, struct falcon_chain *packets, bool gro)
{
	struct sk_buff *skb;

	runner->gro = gro;
	runner->inner_used = false;
	runner->merge_point = FALCON_MERGE_POINT_UNKNOWN;
	runner->watched = packets->first && falcon_nit_active(packets->first->dev);
	runner->queue = NULL;
	runner->tunnel = NULL;

	__this_cpu_write(out_of_queue, NULL);
	__this_cpu_write(falcon_runner_current, runner);
	if (gro)
		receive_merging(runner, packets);
	else
		receive(runner, packets);
	/* Packets that come to a GRO cell now are of a tunnel in the tunnel: no more GRO. */
	runner->gro = false;
	runner->in_cell = true;
	if (runner->inner_used) {
		runner->inner_used = false;
		falcon_gro_flush(falcon_gro_of(&runner->inner));
	}
	while ((skb = falcon_chain_pop(&runner->nested)))
		netif_receive_skb(skb);
	runner->in_cell = false;
	__this_cpu_write(falcon_runner_current, NULL);
}

void falcon_runner_give_back(struct falcon_runner *runner, struct falcon_chain *packets)
{
	struct sk_buff *skb;

	__this_cpu_write(gives_back, true);
	while ((skb = falcon_chain_pop(packets)))
		napi_gro_receive(&runner->outer, skb);
	falcon_gro_flush(falcon_gro_of(&runner->outer));
	__this_cpu_write(gives_back, false);
}

gro_result_t falcon_runner_receive(struct falcon_gro *gro, struct sk_buff *skb)
{
	gro_result_t result;

	__this_cpu_write(gives_back, true);
	result = falcon_gro_receive(gro, skb);
	__this_cpu_write(gives_back, false);
	return result;
}

gro_result_t falcon_runner_receive_frags(struct napi_struct *napi)
{
	gro_result_t result;

	__this_cpu_write(gives_back, true);
	result = napi_gro_frags(napi);
	__this_cpu_write(gives_back, false);
	return result;
}

static struct falcon_runner *current_runner(void)
{
	return falcon_runner_active() ? this_cpu_read(falcon_runner_current) : NULL;
}

static struct falcon_runner_delivery *current_delivery(void)
{
	return falcon_runner_delivers() ? this_cpu_read(falcon_runner_delivering) : NULL;
}

bool falcon_runner_transmit(const struct sk_buff *skb, struct net_device *dev)
{
	const struct net_device *peer = NULL;
	bool has_queue = falcon_device_has_queue(dev, skb);

	if (unlikely(has_queue)) {
		rcu_read_lock();
		peer = falcon_device_peer(dev);
		rcu_read_unlock();
		if (falcon_runner_active())
			this_cpu_read(falcon_runner_current)->queue = dev;
	}
	__this_cpu_write(out_of_queue, peer);
	return !has_queue;
}

/*
 * True if a socket of this host, or of a container on it, has sent the packet: an answer, or data
 * that an acknowledgement has let out of a queue. Such a packet keeps its socket through a veth, a
 * bridge and any change of namespace, until IP receives it. A received packet has no socket, also
 * when it is forwarded: IP does not forward a packet with one. A socket that a BPF program assigns
 * to a received packet (skb_sk_is_prefetched()) is not the sender's.
 *
 * Two cases are told wrongly. A packet that is made without a socket is taken for received: a SYN
 * cookie, netfilter's rejection, on some kernels a TCP reset. A received packet that netfilter's
 * TPROXY gave a socket on a bridge is taken for sent, so its flow is not merged.
 */
static bool is_sent(struct sk_buff *skb)
{
	return skb->sk && !skb_sk_is_prefetched(skb);
}

/*
 * True if the packet comes up behind the delivery. All others go to the backlog, as on the kernel's
 * path, since packets of their flows may be there already:
 *
 * - A packet that a socket has sent, on any device.
 * - A packet that comes to the other end of the pair to which this CPU delivers: it may be an
 *   answer without a socket. If a one-armed container forwards it, all packets that this container
 *   forwards there go to the backlog, and so are in order.
 * - A packet that comes to loopback, which takes the socket away.
 * - A packet that RPS has sent here: packets of its flow may be in the backlog since another CPU
 *   delivered.
 * - A packet out of a veth's queue: all packets of that queue go to backlogs.
 */
static bool goes_on(const struct falcon_runner_delivery *delivery, struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;

	return !is_sent(skb) && dev != delivery->answers && !(dev->flags & IFF_LOOPBACK) &&
	       dev != this_cpu_read(out_of_queue) && !falcon_packet_has_rps(skb);
}

/* As a full backlog does. To put the packet into the backlog would put others out of order. */
static void drop_full(struct sk_buff *skb)
{
	falcon_count(FALCON_STAGE_CONTAINER, FALCON_A_COUNTERS_DROPPED_FULL);
	kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
}

static void follow(struct falcon_runner_delivery *delivery, struct sk_buff *skb)
{
	if (is_full(delivery->followed)) {
		delivery->full = true;
		drop_full(skb);
		return;
	}
	delivery->followed++;
	skb->cb[0] = FALCON_MERGE_POINT_BACKLOG;
	falcon_chain_add(&delivery->behind, skb);
}

bool falcon_runner_follow(struct sk_buff *skb)
{
	struct falcon_runner_delivery *delivery = current_delivery();

	if (!delivery)
		return false;
	if (!goes_on(delivery, skb)) {
		delivery->forwarded |= !is_sent(skb);
		return false;
	}
	follow(delivery, skb);
	return true;
}

bool falcon_runner_gives_back(void)
{
	return __this_cpu_read(gives_back);
}

bool falcon_runner_merge(struct sk_buff *skb, enum falcon_merge_point where)
{
	struct falcon_runner *runner = current_runner();

	/*
	 * All other packets are of the run, as nothing else is processed meanwhile. An answer that
	 * no socket has sent is output as well, behind the packet that it answers.
	 */
	if (!runner || is_sent(skb) || skb->dev == this_cpu_read(out_of_queue))
		return false;
	/* The original drops it: falcon must get nothing new for a device that goes (forget.c). */
	if (unlikely(!netif_running(skb->dev)))
		return false;
	if (is_full(runner->output.count)) {
		drop_full(skb);
		return true;
	}
	runner->merge_point = where;
	if (unlikely(runner->merge_dev != skb->dev))
		runner->merge_dev = runner->output.count ? FALCON_MERGE_DEV_SEVERAL : skb->dev;
	/* A clone: a packet socket has, or had, a copy, or a bridge floods the packet. */
	runner->watched |= skb->cloned;
	skb->cb[0] = where;
	falcon_rfs_note(skb);
	falcon_chain_add(&runner->output, skb);
	return true;
}

/* Transmit as __dev_queue_xmit() does for a device without a queue. True if that has the packet. */
static bool transmit(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct netdev_queue *queue = netdev_get_tx_queue(dev, skb_get_queue_mapping(skb));

	return dev_xmit_complete(netdev_start_xmit(skb, dev, queue, false));
}

/* Have the container's stage receive packets of one device; empties the list. */
static void receive_at(struct falcon_runner_delivery *delivery, struct net_device *dev,
		       struct list_head *list)
{
	if (list_empty(list))
		return;
	rcu_read_lock();
	delivery->answers = falcon_device_peer(dev);
	rcu_read_unlock();
	netif_receive_skb_list(list);
	INIT_LIST_HEAD(list);
}

/* Returns how many packets the container's stage got; the others are dropped. */
static unsigned int deliver(struct falcon_runner_delivery *delivery, struct falcon_chain *packets)
{
	struct net_device *dev = NULL;
	unsigned int delivered = 0;
	struct sk_buff *skb;
	LIST_HEAD(list);

	while ((skb = falcon_chain_pop(packets))) {
		/* As flush_backlog() and enqueue_to_backlog() do. */
		if (!netif_running(skb->dev)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
			continue;
		}
		if (skb->dev != dev) {
			receive_at(delivery, dev, &list);
			dev = skb->dev;
		}
		if (falcon_runner_merged_at(skb) != FALCON_MERGE_POINT_TRANSMIT) {
			list_add_tail(&skb->list, &list);
			delivered++;
			continue;
		}
		receive_at(delivery, dev, &list);
		/* Packets that the device itself transmits are no answers. */
		delivery->answers = NULL;
		if (transmit(skb))
			delivered++;
		else
			kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
	}
	receive_at(delivery, dev, &list);
	return delivered;
}

/*
 * Deliver the packets behind a delivery, a poll's worth at a time, in the order of a backlog. Their
 * own packets come up behind them again. Above the limit the rest is dropped unprocessed: each of
 * them may make many more.
 */
static void deliver_behind(struct falcon_runner_delivery *delivery, struct falcon_chain *packets)
{
	struct sk_buff *skb;

	delivery->full = false;
	while (delivery->behind.count && !delivery->full) {
		falcon_chain_cut(packets, &delivery->behind, NAPI_POLL_WEIGHT);
		deliver(delivery, packets);
	}
	while ((skb = falcon_chain_pop(&delivery->behind)))
		drop_full(skb);
}

struct falcon_delivered falcon_runner_deliver(struct falcon_chain *packets)
{
	struct falcon_runner_delivery delivery = {};
	unsigned int count = packets->count, delivered;

	__this_cpu_write(out_of_queue, NULL);
	__this_cpu_write(falcon_runner_delivering, &delivery);
	delivered = deliver(&delivery, packets);
	falcon_count_more(FALCON_STAGE_CONTAINER, FALCON_A_COUNTERS_DELIVERED, delivered);
	falcon_count_more(FALCON_STAGE_CONTAINER, FALCON_A_COUNTERS_DROPPED_GONE,
			  count - delivered);
	if (unlikely(delivery.behind.count))
		deliver_behind(&delivery, packets);
	__this_cpu_write(falcon_runner_delivering, NULL);
	return (struct falcon_delivered){ delivery.followed, delivery.forwarded };
}

void falcon_runner_count(unsigned int runs, unsigned int taken, unsigned int merged,
			 unsigned int held)
{
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_RUNS, runs);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_PROCESSED, taken);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_MERGED, merged);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_HELD, held);
	if (!merged)
		falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_ELSEWHERE, taken);
}

unsigned int falcon_runner_pass(struct falcon_runner *runner, struct falcon_chain *packets,
				bool gro)
{
	unsigned int taken = packets->count;

	runner->headers = 0;
	falcon_runner_run(runner, packets, gro);
	falcon_runner_count(1, taken, runner->output.count, 0);
	falcon_runner_deliver(&runner->output);
	return taken;
}

/* Enter one tunnel at a time: tunnels in tunnels must not nest on the stack. */
static void receive_behind_cell(struct falcon_runner *runner, struct sk_buff *skb)
{
	if (unlikely(runner->in_cell)) {
		falcon_gro_bypass_reset_transport(skb);
		falcon_chain_add(&runner->nested, skb);
		return;
	}
	runner->in_cell = true;
	/* Packets that GRO has merged before the tunnel are not merged again, nor is UDP. */
	if (runner->gro && !skb_is_gso(skb) && !skb_cloned(skb) && !netif_elide_gro(skb->dev)) {
		skb->transport_header = (typeof(skb->transport_header))~0U;
		runner->inner_used = true;
		napi_gro_receive(&runner->inner, skb);
	} else {
		/* The packet must not overtake those that GRO holds. */
		if (runner->inner_used)
			falcon_gro_flush(falcon_gro_of(&runner->inner));
		falcon_gro_bypass_reset_transport(skb);
		netif_receive_skb(skb);
	}
	runner->in_cell = false;
}

int falcon_runner_gro_cell(struct sk_buff *skb)
{
	struct falcon_runner *runner = __this_cpu_read(falcon_runner_current);

	/* GSO segments of an outer UDP packet come here as a list. */
	skb_mark_not_on_list(skb);
	if (runner) {
		runner->watched |= falcon_nit_active(skb->dev);
		runner->tunnel = skb->dev;
		/* If packets go through GRO, that has verified them before the tunnel. */
		if (!runner->gro)
			look_at_headers(runner, skb);
		receive_behind_cell(runner, skb);
		/* As from the cell: the tunnel does not count a drop behind it. */
		return NET_RX_SUCCESS;
	}
	/* In place of the cell's GRO. */
	falcon_checksum_verify(skb);
	falcon_gro_bypass_reset_transport(skb);
	follow(__this_cpu_read(falcon_runner_delivering), skb);
	return NET_RX_SUCCESS;
}
