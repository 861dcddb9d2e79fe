// SPDX-License-Identifier: GPL-2.0
/* The dumps of the netlink family: devices, CPUs, flows, counters, rules. */

#include <linux/jhash.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "control/control.h"
#include "control/netlink-gen.h"
#include "control/netlink-rule.h"
#include "control/netlink.h"
#include "control/planner.h"
#include "control/show.h"
#include "control/standby.h"
#include "core/stats.h"
#include "host/cpu.h"
#include "host/device.h"
#include "pipeline/rps_flow.h"
#include "policy/policy.h"
#include "rules/priority.h"

/* A dump under way: its message buffer, and its position. */
struct dump {
	struct sk_buff		*skb;
	struct netlink_callback	*cb;
	u8			cmd;
};

/*
 * Before a dump reads its list, it sets cb->seq to a number that changes when entries come or go.
 * If it has changed since the last buffer, a flag (NLM_F_DUMP_INTR) tells the reader that the
 * entries are of two different lists.
 */
static void *dump_begin(const struct dump *dump)
{
	void *header = genlmsg_put(dump->skb, NETLINK_CB(dump->cb->skb).portid,
				   dump->cb->nlh->nlmsg_seq, &falcon_family, NLM_F_MULTI,
				   dump->cmd);

	if (header)
		genl_dump_check_consistent(dump->cb, header);
	return header;
}

/* Complete the message, or remove it if it does not fit: then the next buffer begins with it. */
static int dump_end(const struct dump *dump, void *header, bool fits)
{
	if (!fits) {
		genlmsg_cancel(dump->skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(dump->skb, header);
	return 0;
}

static int dump_device(const struct falcon_device *device, void *data)
{
	const struct dump *dump = data;
	void *header = dump_begin(dump);
	char name[IFNAMSIZ];

	if (!header)
		return -EMSGSIZE;
	/* The device may be renamed at this moment, but the copy is terminated. */
	strscpy(name, device->dev->name, sizeof(name));
	return dump_end(dump, header,
			!nla_put_u32(dump->skb, FALCON_A_DEVICE_IFINDEX, device->index.ifindex) &&
			!nla_put_string(dump->skb, FALCON_A_DEVICE_IFNAME, name) &&
			!nla_put_u64_64bit(dump->skb, FALCON_A_DEVICE_NETNS,
					   device->index.netns, 0) &&
			!nla_put_string(dump->skb, FALCON_A_DEVICE_KIND, device->kind->name) &&
			!nla_put_u32(dump->skb, FALCON_A_DEVICE_STAGE, device->kind->stage) &&
			(!device->way.encap.port ||
			 !nla_put_u32(dump->skb, FALCON_A_DEVICE_PORT,
				      be16_to_cpu(device->way.encap.port))));
}

int falcon_nl_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_DEVICE_GET };

	cb->seq = falcon_devices_number();
	cb->args[0] += falcon_devices_walk(cb->args[0], dump_device, &dump);
	return skb->len;
}

static int put_key(struct sk_buff *skb, const struct falcon_key *key)
{
	unsigned int size = key->family == 4 ? 4 : 16;

	return nla_put_u32(skb, FALCON_A_FLOW_PROTOCOL, key->protocol) ||
	       nla_put(skb, FALCON_A_FLOW_SADDR, size, key->saddr) ||
	       nla_put(skb, FALCON_A_FLOW_DADDR, size, key->daddr) ||
	       (key->sport && nla_put_u32(skb, FALCON_A_FLOW_SPORT, be16_to_cpu(key->sport))) ||
	       (key->dport && nla_put_u32(skb, FALCON_A_FLOW_DPORT, be16_to_cpu(key->dport)));
}

static int put_flow_device(struct sk_buff *skb, int ifindex, u64 netns)
{
	char name[IFNAMSIZ];

	if (nla_put_u32(skb, FALCON_A_FLOW_IFINDEX, ifindex) ||
	    nla_put_u64_64bit(skb, FALCON_A_FLOW_NETNS, netns, 0))
		return -EMSGSIZE;
	if (falcon_device_name(ifindex, netns, name))
		return nla_put_string(skb, FALCON_A_FLOW_IFNAME, name);
	return 0;
}

/* The part of a flow's message that both modes have. */
struct flow_entry {
	const struct falcon_key	*key;
	enum falcon_stage	stage;
	u32			hash;
	int			ifindex;
	u64			netns;
	u64			packets;
	u64			moves;
	u32			idle_ms;
};

static bool put_flow(struct sk_buff *skb, const struct flow_entry *flow)
{
	return !nla_put_u32(skb, FALCON_A_FLOW_HASH, flow->hash) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_STAGE, flow->stage) &&
	       !put_flow_device(skb, flow->ifindex, flow->netns) &&
	       !nla_put_u64_64bit(skb, FALCON_A_FLOW_PACKETS, flow->packets, 0) &&
	       !nla_put_u64_64bit(skb, FALCON_A_FLOW_MOVES, flow->moves, 0) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_IDLE, flow->idle_ms) &&
	       !put_key(skb, flow->key);
}

static int dump_rps_flow(enum falcon_stage stage, const struct falcon_rps_flow *flow, void *data)
{
	const struct dump *dump = data;
	struct falcon_rps_flow copy;
	struct flow_entry entry;
	void *header;
	u32 tag;

	/* An entry that changes its owner during the copy is left out; the next dump has it. */
	tag = READ_ONCE(flow->tag);
	smp_rmb();	/* pairs with take_over() */
	copy = data_race(*flow);
	smp_rmb();	/* pairs with take_over() */
	if (!tag || tag != READ_ONCE(flow->tag) || copy.rflow.cpu == FALCON_NO_CPU)
		return 0;

	entry = (struct flow_entry){
		.key = &copy.key, .stage = stage, .hash = copy.hash,
		.ifindex = copy.ifindex, .netns = copy.netns,
		.packets = copy.packets, .moves = copy.moves,
		.idle_ms = jiffies_to_msecs(jiffies - copy.used),
	};
	header = dump_begin(dump);
	if (!header)
		return -EMSGSIZE;
	return dump_end(dump, header,
			put_flow(dump->skb, &entry) &&
			!nla_put_u32(dump->skb, FALCON_A_FLOW_CPU, copy.rflow.cpu));
}

static bool put_lanes(struct sk_buff *skb, const struct falcon_flow_info *info)
{
	char workers[FALCON_WORKERS_MAX * sizeof("65535")];
	unsigned int i, length = 0;

	workers[0] = '\0';
	for (i = 0; i < info->worker_count; i++)
		length += scnprintf(workers + length, sizeof(workers) - length, "%s%u",
				    i ? "," : "", info->workers[i]);
	return (info->delivery == FALCON_NO_CPU ||
		!nla_put_u32(skb, FALCON_A_FLOW_CPU, info->delivery)) &&
	       (info->app == FALCON_NO_CPU || !nla_put_u32(skb, FALCON_A_FLOW_APP, info->app)) &&
	       !nla_put_string(skb, FALCON_A_FLOW_WORKERS, workers) &&
	       !nla_put_u64_64bit(skb, FALCON_A_FLOW_BATCHES, info->batches, 0) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_IN_FLIGHT, info->in_flight) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_IN_FLIGHT_BYTES, info->in_flight_bytes) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_HELD, info->held) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_MERGE, info->merge);
}

static int dump_flow(const struct falcon_flow_info *info, void *data)
{
	const struct dump *dump = data;
	const struct flow_entry entry = {
		.key = &info->key, .stage = FALCON_STAGE_NIC, .hash = info->hash,
		.ifindex = info->ifindex, .netns = info->netns,
		.packets = info->packets, .moves = info->moves,
		.idle_ms = info->idle_ms,
	};
	void *header = dump_begin(dump);

	if (!header)
		return -EMSGSIZE;
	return dump_end(dump, header,
			put_flow(dump->skb, &entry) &&
			!nla_put_u32(dump->skb, FALCON_A_FLOW_STATE, info->state) &&
			!nla_put_u32(dump->skb, FALCON_A_FLOW_REASON, info->reason) &&
			(!info->rule || !nla_put_u32(dump->skb, FALCON_A_FLOW_RULE, info->rule)) &&
			(info->vni == FALCON_NO_VNI ||
			 !nla_put_u32(dump->skb, FALCON_A_FLOW_VNI, info->vni)) &&
			(!info->twin || !nla_put_u32(dump->skb, FALCON_A_FLOW_TWIN, 1)) &&
			(!info->on_lanes || put_lanes(dump->skb, info)));
}

/* The flows of the present mode. The tables of the other mode have old, settled entries. */
int falcon_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_FLOW_GET };

	/*
	 * The number is that of the tables, not of their entries: a flow keeps its position in the
	 * table, so a dump has every flow that stays, whatever other flows come and go.
	 */
	cb->seq = falcon_control_tables();
	if (falcon_planner_mode() == FALCON_MODE_PIPELINE)
		cb->args[0] = falcon_rps_flows_walk(cb->args[0], dump_rps_flow, &dump);
	else
		cb->args[1] = falcon_show_walk(cb->args[1], dump_flow, &dump);
	return skb->len;
}

static int dump_rule(const struct falcon_rule_info *info, void *data)
{
	const struct dump *dump = data;
	void *header = dump_begin(dump);

	return header ? dump_end(dump, header, falcon_nl_rule_put(dump->skb, info)) : -EMSGSIZE;
}

int falcon_nl_priority_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_PRIORITY_GET };

	cb->seq = falcon_priority_number();
	cb->args[0] = falcon_priority_walk(cb->args[0], dump_rule, &dump);
	return skb->len;
}

static bool put_cpu_state(struct sk_buff *skb, unsigned int cpu, bool used)
{
	return !nla_put_u32(skb, FALCON_A_CPU_CPU, cpu) &&
	       !nla_put_u32(skb, FALCON_A_CPU_LOAD, falcon_load_of(cpu)) &&
	       !nla_put_u32(skb, FALCON_A_CPU_LOADED, falcon_load_above(cpu)) &&
	       !nla_put_u32(skb, FALCON_A_CPU_USED, used);
}

/* A number that changes with the CPUs that are online, and with those in use; never 0. */
static u32 cpus_number(const struct cpumask *used)
{
	u32 online = jhash(cpumask_bits(cpu_online_mask), cpumask_size(), 0);

	return jhash(cpumask_bits(used), cpumask_size(), online) | 1;
}

int falcon_nl_cpu_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_CPU_GET };
	struct cpumask *used = kmalloc(sizeof(*used), GFP_KERNEL);
	unsigned int cpu;
	void *header;

	if (!used)
		return -ENOMEM;
	falcon_standby_show(used, NULL);
	cb->seq = cpus_number(used);
	for (; cb->args[0] < nr_cpu_ids; cb->args[0]++) {
		cpu = cb->args[0];
		if (!cpu_online(cpu))
			continue;
		header = dump_begin(&dump);
		if (!header || dump_end(&dump, header,
					put_cpu_state(skb, cpu, cpumask_test_cpu(cpu, used))))
			break;
	}
	kfree(used);
	return skb->len;
}

static bool put_counters(struct sk_buff *skb, unsigned int cpu, enum falcon_stage stage)
{
	struct nlattr *nest = nla_nest_start(skb, FALCON_A_STATS_COUNTERS);
	unsigned int i;

	if (!nest)
		return false;
	for (i = 1; i <= FALCON_A_COUNTERS_MAX; i++)
		if (nla_put_u64_64bit(skb, i, falcon_counted(cpu, stage, i), 0))
			return false;
	nla_nest_end(skb, nest);
	return true;
}

/* Every possible CPU has counters: no entry comes or goes, so cb->seq is not needed. */
int falcon_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_STATS_GET };
	unsigned int cpu, stage;
	void *header;

	for (; cb->args[0] < nr_cpu_ids * FALCON_STAGES; cb->args[0]++) {
		cpu = cb->args[0] / FALCON_STAGES;
		stage = cb->args[0] % FALCON_STAGES;
		if (!cpu_possible(cpu))
			continue;
		header = dump_begin(&dump);
		if (!header || dump_end(&dump, header,
					!nla_put_u32(skb, FALCON_A_STATS_CPU, cpu) &&
					!nla_put_u32(skb, FALCON_A_STATS_STAGE, stage) &&
					put_counters(skb, cpu, stage)))
			break;
	}
	return skb->len;
}
