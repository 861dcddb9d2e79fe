// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "config.h"
#include "control.h"
#include "cpu.h"
#include "device.h"
#include "flow.h"
#include "hook.h"
#include "ladder.h"
#include "netlink-gen.h"
#include "netlink.h"
#include "notice.h"
#include "plan.h"
#include "policy.h"
#include "stats.h"

static struct genl_family family;

/*
 * Every operation has GENL_ADMIN_PERM, that is CAP_NET_ADMIN in the initial user namespace.
 * A container may have that in a network namespace of its own; the host is not its to steer.
 */
static int check_namespace(struct net *net, struct netlink_ext_ack *extack)
{
	if (net_eq(net, &init_net))
		return 0;
	NL_SET_ERR_MSG(extack, "falcon answers in the initial network namespace only");
	return -EPERM;
}

/* First thing in every doit: pre_doit has another type until 6.1. */
static int check_info(struct genl_info *info)
{
	return check_namespace(genl_info_net(info), info->extack);
}

int falcon_nl_dump_start(struct netlink_callback *cb)
{
	return check_namespace(sock_net(cb->skb->sk), cb->extack);
}

static void *reply_begin(struct sk_buff **reply, struct genl_info *info, size_t size)
{
	void *header;

	*reply = genlmsg_new(size, GFP_KERNEL);
	if (!*reply)
		return NULL;
	header = genlmsg_put_reply(*reply, info, &family, 0, info->genlhdr->cmd);
	if (!header)
		nlmsg_free(*reply);
	return header;
}

static int reply_end(struct sk_buff *reply, void *header, struct genl_info *info, int err)
{
	if (err) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static int put_hook(struct sk_buff *skb, enum falcon_hook_id id)
{
	struct falcon_hook_info hook;
	struct nlattr *nest;

	falcon_hook_show(id, &hook);
	nest = nla_nest_start(skb, FALCON_A_STATUS_HOOK);
	if (!nest ||
	    nla_put_string(skb, FALCON_A_HOOK_SYMBOL, hook.symbol) ||
	    nla_put_string(skb, FALCON_A_HOOK_CAPABILITY, hook.capability) ||
	    nla_put_u32(skb, FALCON_A_HOOK_STATE, hook.state) ||
	    nla_put_u32(skb, FALCON_A_HOOK_REQUIRED, hook.required) ||
	    (hook.detail && nla_put_string(skb, FALCON_A_HOOK_DETAIL, hook.detail)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_cpus(struct sk_buff *skb, int attribute, const struct cpumask *cpus)
{
	char list[FALCON_CPULIST_LEN];

	/* A set so ragged that its list does not fit is shown up to where it does. */
	scnprintf(list, sizeof(list), "%*pbl", cpumask_pr_args(cpus));
	return nla_put_string(skb, attribute, list);
}

static enum falcon_state state_of(void)
{
	if (!falcon_enabled())
		return FALCON_STATE_DISABLED;
	return falcon_load_busy() ? FALCON_STATE_STANDBY : FALCON_STATE_ENABLED;
}

int falcon_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct falcon_device_sum devices;
	struct falcon_config *config;
	struct cpumask *cpus;
	struct sk_buff *reply;
	const char *reason;
	unsigned int id;
	void *header;
	int err;

	err = check_info(info);
	if (err)
		return err;
	err = -ENOMEM;
	config = kmalloc(sizeof(*config), GFP_KERNEL);
	cpus = kmalloc(sizeof(*cpus), GFP_KERNEL);
	if (!config || !cpus)
		goto free;
	falcon_config_get(config);
	falcon_devices_sum(&devices);
	falcon_plan_show(cpus, &reason);

	header = reply_begin(&reply, info, NLMSG_DEFAULT_SIZE);
	if (!header)
		goto free;
	err = nla_put_string(reply, FALCON_A_STATUS_VERSION, FALCON_VERSION) ||
	      nla_put_u32(reply, FALCON_A_STATUS_STATE, state_of()) ||
	      nla_put_u32(reply, FALCON_A_STATUS_MODE,
			  falcon_enabled() ? falcon_plan_mode() : config->mode) ||
	      put_cpus(reply, FALCON_A_STATUS_CPUS, cpus) ||
	      (reason && nla_put_string(reply, FALCON_A_STATUS_REASON, reason)) ||
	      nla_put_u32(reply, FALCON_A_STATUS_DEVICES, devices.count) ||
	      nla_put_u32(reply, FALCON_A_STATUS_HOST_LOAD, falcon_load_host());
	for (id = 0; id < FALCON_HOOKS && !err; id++)
		err = put_hook(reply, id);
	err = reply_end(reply, header, info, err);
free:
	kfree(cpus);
	kfree(config);
	return err;
}

int falcon_nl_enable_doit(struct sk_buff *skb, struct genl_info *info)
{
	return check_info(info) ?: falcon_enable(info->extack);
}

int falcon_nl_disable_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = check_info(info) ?: falcon_disable();

	if (err == -EALREADY)
		NL_SET_ERR_MSG(info->extack, "falcon is disabled already");
	return err;
}

int falcon_nl_config_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct falcon_config *config;
	struct sk_buff *reply;
	void *header;
	int err;

	err = check_info(info);
	if (err)
		return err;
	config = kmalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	falcon_config_get(config);
	header = reply_begin(&reply, info, NLMSG_DEFAULT_SIZE);
	if (!header) {
		kfree(config);
		return -ENOMEM;
	}
	err = nla_put_u32(reply, FALCON_A_CONFIG_MODE, config->mode) ||
	      put_cpus(reply, FALCON_A_CONFIG_CPUS, &config->cpus) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_LOAD_THRESHOLD, config->load_threshold) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_BUSY_THRESHOLD, config->busy_threshold) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_NIC_SPLIT, config->nic_split) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_WORKERS, config->workers) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_BATCH, config->batch) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_ELEPHANT_RATE, config->elephant_rate) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_DELIVERY, config->delivery) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_HOST, config->host) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_MODERATION, config->moderation) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_REST, config->rest) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_POLICY, config->policy);
	kfree(config);
	return reply_end(reply, header, info, err);
}

static int parse_cpus(const struct nlattr *attribute, struct cpumask *cpus,
		      struct netlink_ext_ack *extack)
{
	unsigned int cpu;
	int err;

	/* nla_data() is a string: the policy demands its end. */
	err = cpulist_parse(nla_data(attribute), cpus);
	if (err == -ERANGE || err == -EOVERFLOW) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attribute, "a CPU is out of range, %u is the last",
					nr_cpu_ids - 1);
		return -EINVAL;
	}
	if (err) {
		NL_SET_ERR_MSG_ATTR(extack, attribute, "not a CPU list such as 1-3,6");
		return -EINVAL;
	}
	for_each_cpu(cpu, cpus) {
		if (!cpu_possible(cpu)) {
			NL_SET_ERR_MSG_ATTR_FMT(extack, attribute, "CPU %u does not exist", cpu);
			return -EINVAL;
		}
		if (!cpu_online(cpu)) {
			NL_SET_ERR_MSG_ATTR_FMT(extack, attribute, "CPU %u is offline", cpu);
			return -EINVAL;
		}
	}
	return 0;
}

static void read_u32(const struct genl_info *info, int attribute, u32 *value)
{
	if (info->attrs[attribute])
		*value = nla_get_u32(info->attrs[attribute]);
}

static void read_bool(const struct genl_info *info, int attribute, bool *value)
{
	if (info->attrs[attribute])
		*value = nla_get_u32(info->attrs[attribute]);
}

int falcon_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct falcon_config *config;
	int err;

	err = check_info(info);
	if (err)
		return err;
	config = kmalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;

	/* Requests come one at a time, under the genetlink mutex: nobody sets in between. */
	falcon_config_get(config);
	read_u32(info, FALCON_A_CONFIG_MODE, &config->mode);
	read_u32(info, FALCON_A_CONFIG_LOAD_THRESHOLD, &config->load_threshold);
	read_u32(info, FALCON_A_CONFIG_BUSY_THRESHOLD, &config->busy_threshold);
	read_bool(info, FALCON_A_CONFIG_NIC_SPLIT, &config->nic_split);
	read_u32(info, FALCON_A_CONFIG_WORKERS, &config->workers);
	read_u32(info, FALCON_A_CONFIG_BATCH, &config->batch);
	read_u32(info, FALCON_A_CONFIG_ELEPHANT_RATE, &config->elephant_rate);
	read_u32(info, FALCON_A_CONFIG_DELIVERY, &config->delivery);
	read_bool(info, FALCON_A_CONFIG_HOST, &config->host);
	read_u32(info, FALCON_A_CONFIG_MODERATION, &config->moderation);
	read_u32(info, FALCON_A_CONFIG_REST, &config->rest);
	read_u32(info, FALCON_A_CONFIG_POLICY, &config->policy);
	if (info->attrs[FALCON_A_CONFIG_CPUS])
		err = parse_cpus(info->attrs[FALCON_A_CONFIG_CPUS], &config->cpus, info->extack);
	if (!err)
		falcon_configure(config);
	kfree(config);
	return err;
}

/* A dump under way: its message buffer, and how far it is. */
struct dump {
	struct sk_buff		*skb;
	struct netlink_callback	*cb;
	u8			cmd;
};

static void *dump_begin(const struct dump *dump)
{
	return genlmsg_put(dump->skb, NETLINK_CB(dump->cb->skb).portid, dump->cb->nlh->nlmsg_seq,
			   &family, NLM_F_MULTI, dump->cmd);
}

/* The message is whole, or gone: then the next buffer begins with it. */
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

	if (!header)
		return -EMSGSIZE;
	return dump_end(dump, header,
			!nla_put_u32(dump->skb, FALCON_A_DEVICE_IFINDEX, device->ifindex) &&
			!nla_put_string(dump->skb, FALCON_A_DEVICE_IFNAME, device->dev->name) &&
			!nla_put_u64_64bit(dump->skb, FALCON_A_DEVICE_NETNS, device->netns, 0) &&
			!nla_put_string(dump->skb, FALCON_A_DEVICE_KIND, device->kind->name) &&
			!nla_put_u32(dump->skb, FALCON_A_DEVICE_STAGE, device->kind->stage) &&
			(!device->port ||
			 !nla_put_u32(dump->skb, FALCON_A_DEVICE_PORT, device->port)));
}

int falcon_nl_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_DEVICE_GET };

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

/* What is told of a flow in every mode. */
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

static int dump_flow(enum falcon_stage stage, const struct falcon_flow *flow, void *data)
{
	const struct dump *dump = data;
	struct flow_entry entry;
	struct falcon_flow copy;
	void *header;
	u32 tag;

	/* An entry that changes its owner meanwhile is in the next dump. */
	tag = READ_ONCE(flow->tag);
	smp_rmb();	/* pairs with take_over() */
	copy = *flow;
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

static bool put_lanes(struct sk_buff *skb, const struct falcon_ladder_info *info)
{
	char workers[FALCON_WORKERS_MAX * sizeof("65535")];
	unsigned int i, length = 0;

	workers[0] = '\0';
	for (i = 0; i < info->worker_count; i++)
		length += scnprintf(workers + length, sizeof(workers) - length, "%s%u",
				    i ? "," : "", info->workers[i]);
	return (info->delivery == FALCON_NO_CPU ||
		!nla_put_u32(skb, FALCON_A_FLOW_CPU, info->delivery)) &&
	       !nla_put_string(skb, FALCON_A_FLOW_WORKERS, workers) &&
	       !nla_put_u64_64bit(skb, FALCON_A_FLOW_BATCHES, info->batches, 0) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_IN_FLIGHT, info->in_flight) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_HELD, info->held) &&
	       !nla_put_u32(skb, FALCON_A_FLOW_MERGE, info->merge);
}

static int dump_ladder(const struct falcon_ladder_info *info, void *data)
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
			!nla_put_u32(dump->skb, FALCON_A_FLOW_RUNG, info->rung) &&
			!nla_put_u32(dump->skb, FALCON_A_FLOW_LIMIT, info->limit) &&
			(!info->on_lanes || put_lanes(dump->skb, info)));
}

/* The flows of the mode: what the other one has is from before, and settled. */
int falcon_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump dump = { skb, cb, FALCON_CMD_FLOW_GET };

	if (falcon_plan_mode() == FALCON_MODE_PIPELINE)
		cb->args[0] = falcon_flows_walk(cb->args[0], dump_flow, &dump);
	else
		cb->args[1] = falcon_ladder_walk(cb->args[1], dump_ladder, &dump);
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

static struct genl_family family = {
	.name		= FALCON_FAMILY_NAME,
	.version	= FALCON_FAMILY_VERSION,
	.module		= THIS_MODULE,
	.netnsok	= true,		/* to be refused with a reason, not to be unknown */
	.ops		= falcon_nl_ops,
	.n_ops		= FALCON_NL_OPS_COUNT,
	.mcgrps		= falcon_nl_mcgrps,
	.n_mcgrps	= FALCON_NL_MCGRPS_COUNT,
};

int falcon_netlink_init(void)
{
	int err = genl_register_family(&family);

	if (!err)
		falcon_notices_open(&family);
	return err;
}

void falcon_netlink_exit(void)
{
	falcon_notices_close();
	genl_unregister_family(&family);
}
