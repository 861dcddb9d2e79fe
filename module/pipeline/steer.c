// SPDX-License-Identifier: GPL-2.0
/*
 * FALCON's pipelining (EuroSys '21, section 4), built on the kernel's own RPS hand-over.
 *
 * Order: all packets of a flow that leave a stage go to one backlog, or are processed where they
 * are. That changes only when none of them is queued or being processed there any more
 * (falcon_rps_flow_drained()). A backlog is first in, first out, and its CPU takes each packet up
 * to the next hand-over before it takes the next packet. There must be no other queue in between.
 * The GRO cell would be one: so a flow that is split at the NIC's stage goes past the cell, and a
 * flow that needs the cell (TCP) is not split there.
 */

#include <linux/in.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "core/plan.h"
#include "core/stats.h"
#include "core/trace.h"
#include "flow/hash.h"
#include "flow/key.h"
#include "flow/packet.h"
#include "host/cpu.h"
#include "host/device.h"
#include "host/netdev.h"
#include "host/udp_gro.h"
#include "pipeline/gro_bypass.h"
#include "pipeline/rps_flow.h"
#include "pipeline/steer.h"
#include "policy/policy.h"

/* A packet for which the kernel asks for a CPU. */
struct question {
	const struct falcon_plan	*plan;
	const struct falcon_device	*device;
	const struct sk_buff		*skb;
	enum falcon_stage		stage;
	u32				hash;	/* of the flow */
	u32				tag;	/* of flow and device */
	u16				here;	/* the CPU that asks */
	struct falcon_packet		packet;
};

/*
 * The hash of flow and device. CPUs are chosen by the upper bits, and XOR alone would merely flip
 * these: one stage's CPU would determine the next one's. So the hash is multiplied as well.
 */
static u32 tag_of(u32 hash, u32 salt)
{
	return salt ? falcon_policy_rehash(hash ^ salt) ?: 1 : hash;
}

/* True if the GRO of the packet's tunnel may merge the packet. */
static bool is_merged(const struct question *q)
{
	return q->packet.key.protocol == IPPROTO_TCP ||
	       (falcon_devices_see_udp() &&
		falcon_devices_see_udp_of(q->device->dev, &q->packet.encap, q->packet.vni));
}

/* Find the packet's flow. False: the kernel decides about the packet. */
static bool identify(const struct sk_buff *skb, struct question *q)
{
	bool nic = q->stage == FALCON_STAGE_NIC;
	enum falcon_packet_kind kind;
	bool alone = false;

	/*
	 * Without the virtual network's number: it is not known behind the tunnel, where the hash
	 * must be the same.
	 */
	kind = falcon_identify(skb, false, nic ? &q->plan->tunnels : NULL, &q->packet, false,
			       &q->hash);
	if (kind == FALCON_PACKET_UNKNOWN) {
		falcon_identify_datagrams(&q->packet, 0);
		falcon_count(q->stage, FALCON_A_COUNTERS_NO_KEY);
		return false;
	}
	if (kind == FALCON_PACKET_FRAGMENT && q->hash)
		falcon_count(q->stage, FALCON_A_COUNTERS_FRAGMENTS);

	/*
	 * GRO must see all packets of a flow that it merges: neither such a flow nor its fragments
	 * are split at the NIC.
	 */
	if (nic)
		alone = !q->hash || (kind == FALCON_PACKET_FLOW && is_merged(q));
	else if (!q->hash)
		q->hash = falcon_hash_key(&q->packet.key, FALCON_NO_VNI);
	falcon_identify_datagrams(&q->packet, alone ? 0 : q->hash);
	q->tag = tag_of(q->hash, q->device->salt);
	return !alone;
}

/* The flow's entry, at a stage that finds it by the hash alone; or NULL. */
static const struct falcon_rps_flow *entry_of(enum falcon_stage stage, u32 hash)
{
	const struct falcon_rps_flow *flow = falcon_rps_flow_at(stage, hash);

	return READ_ONCE(flow->tag) == hash ? flow : NULL;
}

static bool is_overlay(const struct question *q)
{
	return q->device->kind->origin || q->stage == FALCON_STAGE_NIC ||
	       entry_of(FALCON_STAGE_TUNNEL, q->hash);
}

/* The CPUs of the flow's earlier stages, without the CPU that asks. */
static void earlier_cpus(const struct question *q, u16 avoid[2])
{
	const struct falcon_rps_flow *flow;

	avoid[0] = FALCON_NO_CPU;
	avoid[1] = FALCON_NO_CPU;
	if (q->stage == FALCON_STAGE_NIC)
		return;
	flow = entry_of(FALCON_STAGE_NIC, q->hash);
	if (flow)
		avoid[0] = READ_ONCE(flow->from);
	if (q->stage == FALCON_STAGE_TUNNEL && q->device->kind->origin)
		return;
	flow = entry_of(FALCON_STAGE_TUNNEL, q->hash);
	if (flow)
		avoid[1] = READ_ONCE(flow->from);
}

/*
 * True if the packet must stay where its flow is merged. Some container devices, such as a veth
 * with XDP in its driver, split merged packets into segments for a ring of 256. One poll of a
 * backlog could bring 64 merged packets, with dozens of segments each, and overflow the ring. On
 * the CPU that merges them, the ring's poll takes its turn after one poll's worth of unmerged
 * packets.
 *
 * The tunnel's entry knows the container's device. It is used for a bridge that receives for its
 * host, too, which is behind the tunnel and of the same stage.
 */
static bool stays(const struct question *q)
{
	struct falcon_rps_flow *flow;

	if (q->stage != FALCON_STAGE_TUNNEL)
		return false;
	flow = falcon_rps_flow_at(FALCON_STAGE_TUNNEL, q->hash);
	if (likely(!READ_ONCE(flow->apart)))
		return false;
	if (skb_is_gso(q->skb) && !READ_ONCE(flow->merged))
		WRITE_ONCE(flow->merged, true);
	return READ_ONCE(flow->merged);
}

/* Note at the tunnel's entry that the container's device splits merged packets, for stays(). */
static void look_ahead(const struct question *q)
{
	struct falcon_rps_flow *flow;

	if (q->stage != FALCON_STAGE_CONTAINER || likely(list_empty(&q->device->dev->napi_list)))
		return;
	flow = falcon_rps_flow_at(FALCON_STAGE_TUNNEL, q->hash);
	if (READ_ONCE(flow->tag) == q->hash && !READ_ONCE(flow->apart) &&
	    falcon_device_takes_apart(q->device->dev))
		WRITE_ONCE(flow->apart, true);
}

/*
 * The CPU that the flow should have. FALCON_NO_CPU: the flow stays, and @why is the counter of the
 * reason. The flow keeps a CPU that is good enough; otherwise every change would move every flow.
 */
static u16 assess(const struct question *q, const struct falcon_rps_flow *flow, bool fresh,
		  u16 *why)
{
	struct falcon_choice choice = {
		.policy	= q->plan->policy,
		.state	= falcon_cpus_state(),
		.cpus	= q->plan->cpus,
		.count	= q->plan->count,
		.hash	= q->tag,
		.here	= q->here,
		.app	= FALCON_NO_CPU,
	};
	u16 now = READ_ONCE(flow->rflow.cpu);
	bool keep, loaded;
	u16 cpu;

	*why = q->plan->standby;
	if (!*why && q->stage == FALCON_STAGE_NIC && !q->plan->nic_split)
		*why = FALCON_A_COUNTERS_LOCAL;
	if (!*why && !is_overlay(q))
		*why = FALCON_A_COUNTERS_NOT_OVERLAY;
	if (!*why && stays(q))
		*why = FALCON_A_COUNTERS_LOCAL;
	if (*why)
		return FALCON_NO_CPU;

	keep = !fresh && !READ_ONCE(flow->here) && now != q->here &&
	       now < nr_cpu_ids && cpumask_test_cpu(now, &q->plan->mask);
	loaded = keep && q->plan->policy != FALCON_POLICY_HASH && falcon_load_above(now);
	if (keep && (!loaded || time_before(jiffies, READ_ONCE(flow->moved) + HZ)))
		return now;

	earlier_cpus(q, choice.avoid);
	cpu = falcon_policy_choose(&choice);
	/* Better share a CPU with another stage of the flow than stay on an overloaded one. */
	if (loaded && cpu == now) {
		choice.avoid[0] = now;
		choice.avoid[1] = FALCON_NO_CPU;
		cpu = falcon_policy_choose(&choice);
	}
	if (cpu == FALCON_NO_CPU) {
		*why = FALCON_A_COUNTERS_NO_OTHER_CPU;
		return FALCON_NO_CPU;
	}
	if (loaded && falcon_load_of(cpu) + FALCON_HYSTERESIS >= falcon_load_of(now))
		return now;
	if (cpu != falcon_policy_first(&choice))
		falcon_count(q->stage, FALCON_A_COUNTERS_SECOND_CHOICE);
	return cpu;
}

/* Make this flow the entry's owner. The CPU and its queued packets are still the last owner's. */
static void take_over(const struct question *q, struct falcon_rps_flow *flow)
{
	WRITE_ONCE(flow->tag, 0);
	/* Pairs with the dump: a reader that sees the same tag twice has one owner's key. */
	smp_wmb();
	flow->key = q->packet.key;
	flow->hash = q->hash;
	flow->ifindex = q->device->index.ifindex;
	flow->netns = q->device->index.netns;
	WRITE_ONCE(flow->apart, false);
	WRITE_ONCE(flow->merged, false);
	WRITE_ONCE(flow->packets, 0);
	WRITE_ONCE(flow->moves, 0);
	WRITE_ONCE(flow->moved, jiffies - HZ);
	smp_wmb();	/* as above */
	WRITE_ONCE(flow->tag, q->tag);
	falcon_count(q->stage, FALCON_A_COUNTERS_FLOWS);
}

/* Move the entry to the CPU that it should have, or leave that to a later packet. */
static void reassess(const struct question *q, struct falcon_rps_flow *flow, bool fresh)
{
	u16 now = READ_ONCE(flow->rflow.cpu);
	u16 why, cpu;

	cpu = assess(q, flow, fresh, &why);
	if (cpu == FALCON_NO_CPU)
		cpu = q->here;

	if (cpu != now || why != READ_ONCE(flow->here)) {
		if (!falcon_rps_flow_drained(flow)) {
			falcon_count(q->stage, FALCON_A_COUNTERS_DEFERRED);
			/*
			 * A flow that stayed where it arrived does so no more: with here = 0,
			 * falcon_rps_flows_settled() waits for it.
			 */
			WRITE_ONCE(flow->here, 0);
			WRITE_ONCE(flow->generation, 0);
			return;
		}
		falcon_rps_flow_assign(flow, cpu, why);
		if (!why)
			falcon_cpu_expect(cpu);
		WRITE_ONCE(flow->from, q->here);
		if (!fresh && cpu != now) {
			WRITE_ONCE(flow->moves, flow->moves + 1);
			WRITE_ONCE(flow->moved, jiffies);
			falcon_count(q->stage, FALCON_A_COUNTERS_MOVES);
			trace_falcon_move(q->stage, q->device->index.ifindex, q->hash, now, cpu);
		}
	}
	WRITE_ONCE(flow->generation, q->plan->generation);
}

static bool is_settled(const struct question *q, const struct falcon_rps_flow *flow, u16 cpu)
{
	if (READ_ONCE(flow->generation) != q->plan->generation || cpu >= nr_cpu_ids ||
	    !cpu_online(cpu))
		return false;
	if (stays(q) && !READ_ONCE(flow->here))
		return false;
	/* A flow that stays must be on the CPU that asks, any other flow on another CPU. */
	return READ_ONCE(flow->here) ? cpu == q->here : cpu != q->here;
}

/*
 * The flow's entry; NULL if the flow did not come through a tunnel. @fresh: the flow has just taken
 * the entry over.
 */
static struct falcon_rps_flow *entry_for(const struct question *q, bool *fresh)
{
	struct falcon_rps_flow *flow = falcon_rps_flow_at(q->stage, q->tag);
	u32 tag = READ_ONCE(flow->tag);

	*fresh = false;
	if (tag == q->tag)
		return flow;
	if (!is_overlay(q)) {
		falcon_count(q->stage, FALCON_A_COUNTERS_NOT_OVERLAY);
		return NULL;
	}
	if (tag && (!falcon_rps_flow_drained(flow) ||
		    time_before(jiffies, READ_ONCE(flow->used) + FALCON_RPS_FLOW_IDLE)))
		return flow;	/* share it */
	take_over(q, flow);
	*fresh = true;
	return flow;
}

static int decide(const struct question *q, struct falcon_rps_flow *flow, bool fresh)
{
	u16 cpu = READ_ONCE(flow->rflow.cpu);
	u16 here;

	if (unlikely(fresh || !is_settled(q, flow, cpu))) {
		reassess(q, flow, fresh);
		cpu = READ_ONCE(flow->rflow.cpu);
	}
	here = READ_ONCE(flow->here);

	WRITE_ONCE(flow->used, jiffies);
	WRITE_ONCE(flow->packets, flow->packets + 1);
	if (cpu != q->here)
		falcon_count(q->stage, FALCON_A_COUNTERS_STEERED);
	else
		falcon_count(q->stage, here ?: FALCON_A_COUNTERS_LOCAL);
	trace_falcon_steer(q->stage, q->device->index.ifindex, q->hash, q->here, cpu);

	/* -1 if it stays here. A flow that has not drained on its old CPU still goes there. */
	return here && cpu == q->here ? -1 : cpu;
}

int falcon_steer(struct net_device *dev, struct sk_buff *skb, struct rps_dev_flow **rflow)
{
	struct falcon_rps_flow *flow;
	struct question q;
	bool fresh;

	q.plan = rcu_dereference(falcon_plan);
	if (!q.plan || q.plan->mode != FALCON_MODE_PIPELINE)
		return FALCON_STEER_PASS;
	q.device = falcon_device_find(dev);
	if (!q.device)
		return FALCON_STEER_PASS;
	q.skb = skb;
	q.stage = q.device->kind->stage;
	q.here = smp_processor_id();
	if (!identify(skb, &q))
		return FALCON_STEER_PASS;

	look_ahead(&q);
	flow = entry_for(&q, &fresh);
	if (!flow)
		return FALCON_STEER_PASS;
	falcon_count(q.stage, FALCON_A_COUNTERS_ASKED);
	*rflow = &flow->rflow;
	return decide(&q, flow, fresh);
}

bool falcon_steer_bypasses_gro(struct sk_buff *skb, u32 *epoch)
{
	const struct falcon_device *device;
	const struct falcon_plan *plan;
	enum falcon_packet_kind kind;
	struct falcon_packet packet;
	bool passes = false;
	u32 hash;

	rcu_read_lock();
	plan = rcu_dereference(falcon_plan);
	if (plan && (plan->gro_bypass || !falcon_gro_bypass_is_through())) {
		*epoch = plan->gro_bypass;
		device = falcon_device_find(skb->dev);
		if (device && device->kind->origin && !READ_ONCE(device->through_cell)) {
			kind = falcon_identify(skb, false, NULL, &packet, false, &hash);
			passes = (kind == FALCON_PACKET_FLOW || kind == FALCON_PACKET_FRAGMENT) &&
				 packet.key.protocol != IPPROTO_TCP;
		}
	}
	rcu_read_unlock();
	return passes;
}
