// SPDX-License-Identifier: GPL-2.0

#include <linux/llist.h>
#include <linux/netdevice.h>

#include "core/stats.h"
#include "core/trace.h"
#include "lanes/census.h"
#include "lanes/doorbell.h"
#include "lanes/drop.h"
#include "lanes/inbox.h"
#include "lanes/lane.h"
#include "lanes/roster.h"
#include "lanes/step.h"

/* The worker of the next packets: the next one's turn when the micro-flow is full. */
static u16 next_worker(struct falcon_elephant *elephant, u32 batch)
{
	u16 worker = elephant->placement.spread.workers[elephant->turn];

	/* The first micro-flow is not over before the trial. */
	if (!elephant->trial.over)
		return elephant->home;
	if (elephant->in_batch < batch)
		return worker;
	trace_falcon_batch_close(elephant->hash, elephant->batch, worker, elephant->in_batch);
	elephant->batch++;
	elephant->in_batch = 0;
	falcon_step_rotate(elephant);
	if (elephant->several)
		elephant->turn = (elephant->turn + 1) % elephant->placement.spread.count;
	worker = elephant->placement.spread.workers[elephant->turn];
	trace_falcon_batch_open(elephant->hash, elephant->batch, worker, elephant->waiting.count);
	return worker;
}

/*
 * The CPU for the next packets. Runs of a flow that is not merged must not be on two at once:
 * it keeps its worker until nothing is in flight, in the backlog of that CPU either.
 *
 * A full lane slows down who brings the packets (@here), so that the NIC's ring fills up
 * instead: it does the work itself.
 */
static u16 choose_worker(struct falcon_elephant *elephant, u32 batch, bool here)
{
	u16 worker = next_worker(elephant, batch);

	if (!falcon_rung_is_merged(elephant))
		return falcon_merge_empty(&elephant->merge) &&
		       falcon_backlog_is_through(&elephant->way.astray) ? worker : elephant->worker;
	return here && falcon_lane_is_full(worker) ? smp_processor_id() : worker;
}

/*
 * What waits goes to the workers, as far as the ring has room; what finishes makes room and
 * comes here again. Returns a run that is to be processed on this CPU, at once.
 */
struct falcon_run *falcon_inbox_push(struct falcon_elephant *elephant, u32 batch, bool here)
{
	struct falcon_run *run;
	unsigned int count;
	u16 worker;
	bool free;

	while (elephant->gate == FALCON_GATE_OPEN && elephant->waiting.count) {
		/* Whether the packets may be anywhere: those before are put in order, or gone. */
		free = falcon_rung_is_merged(elephant) || falcon_merge_empty(&elephant->merge);
		worker = choose_worker(elephant, batch, here);
		count = falcon_merge_assign(&elephant->merge, &elephant->waiting, worker,
					    elephant->batch, &run);
		if (!count)
			break;
		elephant->worker = worker;
		elephant->in_batch += count;
		if (run) {
			run->elephant = elephant;
			if (free)
				WRITE_ONCE(elephant->class, elephant->priority.class);
			run->class = elephant->class;
			if (worker == smp_processor_id() && here && free)
				return run;
			falcon_lane_queue(worker, run, &elephant->rested);
		}
		falcon_lane_add(worker, count);
	}
	return NULL;
}

/* Packets on their way into the inbox, in the first one's cb, which GRO has not got yet. */
struct parcel {
	struct llist_node	node;
	struct sk_buff		*last;
	unsigned int		count;
	u32			bytes;
	u16			home;
};

/*
 * What it counts as in the inbox, in bytes: so much for each packet at least that there are no more
 * packets than a flow may have. Whoever comes to see to them has the lock meanwhile.
 */
static u32 weight_of(const struct parcel *parcel)
{
	return max(parcel->bytes, parcel->count * (FALCON_SHARE_BYTES / FALCON_SHARE_PACKETS));
}

void falcon_inbox_post(struct falcon_elephant *elephant, struct falcon_chain *packets)
{
	struct parcel *parcel = (struct parcel *)packets->first->cb;

	BUILD_BUG_ON(sizeof(*parcel) > sizeof(packets->first->cb));
	parcel->last = packets->last;
	parcel->count = packets->count;
	parcel->bytes = packets->bytes;
	parcel->home = smp_processor_id();
	*packets = (struct falcon_chain){};
	atomic_add(weight_of(parcel), &elephant->posted);
	llist_add(&parcel->node, &elephant->inbox);
}

/*
 * As many as the flow may still have in flight, in packets and in bytes: a last one beyond, so that
 * a single packet can never be too large.
 */
static void accept(struct falcon_elephant *elephant, struct falcon_chain *packets)
{
	u32 in_flight = falcon_elephant_in_flight(elephant);
	u32 memory = falcon_elephant_memory(elephant);
	struct falcon_share share = falcon_census_share();
	unsigned int count = packets->count;

	elephant->packets += count;
	elephant->used = jiffies;
	falcon_chain_cut_to(&elephant->waiting, packets,
			    share.packets - min(in_flight, share.packets),
			    share.bytes - min(memory, share.bytes));
	if (elephant->gate == FALCON_GATE_UP)
		falcon_count_more(FALCON_STAGE_NIC, FALCON_A_COUNTERS_GATED,
				  count - packets->count);
	if (unlikely(packets->count))
		falcon_drop_full(packets);
}

/* The next packets of the inbox, in the order in which they were brought; and who did. */
static bool unpack(struct falcon_elephant *elephant, struct llist_node **posted,
		   struct falcon_chain *packets, u16 *home)
{
	struct parcel *parcel;
	struct sk_buff *skb;

	if (!*posted)
		return false;
	parcel = llist_entry(*posted, struct parcel, node);
	*posted = parcel->node.next;
	skb = container_of((char (*)[sizeof(skb->cb)])parcel, struct sk_buff, cb);
	packets->first = skb;
	packets->last = parcel->last;
	packets->count = parcel->count;
	packets->bytes = parcel->bytes;
	*home = parcel->home;
	atomic_sub(weight_of(parcel), &elephant->posted);
	return true;
}

void falcon_inbox_empty(struct falcon_elephant *elephant, const struct falcon_plan *plan)
{
	struct falcon_chain packets;
	struct llist_node *posted;
	u16 home;

	if (llist_empty(&elephant->inbox))
		return;
	posted = llist_reverse_order(llist_del_all(&elephant->inbox));
	while (unpack(elephant, &posted, &packets, &home)) {
		if (unlikely(!plan || elephant->generation != plan->generation ||
			     elephant->home != home))
			falcon_step_adapt(elephant, plan, home);
		accept(elephant, &packets);
	}
	/* Brought by another CPU after it had left: that one lets it go, too. */
	if (unlikely(elephant->dead && elephant->waiting.count && !elephant->releasing)) {
		refcount_inc(&elephant->refs);
		elephant->releasing = true;
		falcon_doorbell_release(elephant->home, elephant);
	}
}

/*
 * Give the lock back, having seen to the inbox, and wake the lanes that have got something. Who
 * posted and did not get the lock relies on that: either we see the parcel, or it sees the lock
 * free.
 */
void falcon_inbox_done(struct falcon_elephant *elephant, const struct falcon_plan *plan)
	__releases(&elephant->lock)
{
	struct falcon_lane *rested;

	for (;;) {
		falcon_inbox_empty(elephant, plan);
		falcon_inbox_push(elephant, plan ? plan->batch : 1, false);
		rested = elephant->rested;
		elephant->rested = NULL;
		spin_unlock(&elephant->lock);
		falcon_lanes_wake(rested);
		smp_mb();	/* pairs with llist_add() in falcon_inbox_post(), a full barrier */
		if (llist_empty(&elephant->inbox) || !spin_trylock(&elephant->lock))
			return;
	}
}

void falcon_inbox_lock(struct falcon_elephant *elephant)
	__acquires(&elephant->lock)
{
	spin_lock_bh(&elephant->lock);
	falcon_inbox_empty(elephant, rcu_dereference_bh(falcon_plan));
}

void falcon_inbox_unlock(struct falcon_elephant *elephant)
	__releases(&elephant->lock)
{
	falcon_inbox_done(elephant, rcu_dereference_bh(falcon_plan));
	local_bh_enable();
}

static unsigned int purge(struct falcon_elephant *elephant)
{
	struct llist_node *posted = llist_reverse_order(llist_del_all(&elephant->inbox));
	struct falcon_chain nic = {}, container = {}, packets;
	struct falcon_run *run;
	unsigned int dropped;
	u32 number;
	u16 home;

	falcon_chain_splice(&nic, &elephant->waiting);
	while (unpack(elephant, &posted, &packets, &home))
		falcon_chain_splice(&nic, &packets);
	falcon_chain_splice(&container, &elephant->ready);
	for (number = elephant->merge.head; number != elephant->merge.tail; number++) {
		run = falcon_merge_run(&elephant->merge, number);
		falcon_chain_splice(run->state == FALCON_RUN_QUEUED ? &nic : &container,
				    &run->packets);
	}
	dropped = nic.count + container.count;
	falcon_drop_gone(&nic, FALCON_STAGE_NIC);
	falcon_drop_gone(&container, FALCON_STAGE_CONTAINER);
	return dropped;
}

unsigned int falcon_inbox_drop(struct falcon_elephant *elephant)
{
	unsigned int dropped = purge(elephant);

	local_bh_disable();
	falcon_roster_put(elephant);
	local_bh_enable();
	return dropped;
}
