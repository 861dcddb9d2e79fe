// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "control/control.h"
#include "control/netlink-gen.h"
#include "control/netlink-rule.h"
#include "control/netlink.h"
#include "control/park.h"
#include "control/planner.h"
#include "control/show.h"
#include "control/standby.h"
#include "core/config.h"
#include "core/event.h"
#include "hook/hook.h"
#include "host/cpu.h"
#include "host/device.h"
#include "pipeline/rps_flow.h"
#include "rules/priority.h"

/*
 * Every operation has GENL_ADMIN_PERM: it demands CAP_NET_ADMIN in the initial user namespace. A
 * container may have that capability, in a network namespace of its own. It must not steer the
 * host, so falcon answers in the initial network namespace only.
 */
static int check_namespace(struct net *net, struct netlink_ext_ack *extack)
{
	if (net_eq(net, &init_net))
		return 0;
	NL_SET_ERR_MSG(extack, "falcon answers in the initial network namespace only");
	return -EPERM;
}

/* Every doit calls this first. It is no pre_doit, whose type differs up to 6.1. */
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
	header = genlmsg_put_reply(*reply, info, &falcon_family, 0, info->genlhdr->cmd);
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
	    (hook.detail[0] && nla_put_string(skb, FALCON_A_HOOK_DETAIL, hook.detail)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_cpus(struct sk_buff *skb, int attribute, const struct cpumask *cpus)
{
	char list[FALCON_CPULIST_LEN];

	/* If the list is too long, it is cut. */
	scnprintf(list, sizeof(list), "%*pbl", cpumask_pr_args(cpus));
	return nla_put_string(skb, attribute, list);
}

static int put_flow_sum(struct sk_buff *skb, const struct falcon_flow_sum *sum)
{
	return nla_put_u32(skb, FALCON_A_STATUS_FLOWS, sum->flows) ||
	       nla_put_u32(skb, FALCON_A_STATUS_IN_LANES, sum->in_lanes) ||
	       nla_put_u32(skb, FALCON_A_STATUS_SEVERAL, sum->several) ||
	       nla_put_u32(skb, FALCON_A_STATUS_NOT_PROMOTED, sum->not_promoted) ||
	       nla_put_u32(skb, FALCON_A_STATUS_AHEAD, sum->ahead) ||
	       (sum->not_promoted && nla_put_u32(skb, FALCON_A_STATUS_NOT_PROMOTED_REASON,
						 sum->reason));
}

/* The flows of the present mode. The tables of the other mode have old, settled entries. */
static void sum_flows(struct falcon_flow_sum *sum)
{
	*sum = (struct falcon_flow_sum){};
	if (falcon_planner_mode() == FALCON_MODE_PIPELINE)
		sum->flows = falcon_rps_flows_count();
	else
		falcon_show_sum(sum);
}

static enum falcon_state state_of(void)
{
	if (!falcon_enabled())
		return FALCON_STATE_DISABLED;
	return falcon_load_busy() ? FALCON_STATE_STANDBY : FALCON_STATE_ENABLED;
}

int falcon_nl_status_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct falcon_flow_sum flows;
	struct falcon_config *config;
	struct cpumask *cpus;
	struct sk_buff *reply;
	char reason[FALCON_STANDBY_TEXT];
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
	header = reply_begin(&reply, info, NLMSG_DEFAULT_SIZE);
	if (!header)
		goto free;
	/* The reply describes one moment, and never the middle of a change. */
	falcon_control_lock();
	falcon_config_get(config);
	falcon_standby_show(cpus, reason);
	sum_flows(&flows);
	err = nla_put_string(reply, FALCON_A_STATUS_VERSION, FALCON_VERSION) ||
	      nla_put_u32(reply, FALCON_A_STATUS_STATE, state_of()) ||
	      nla_put_u32(reply, FALCON_A_STATUS_MODE,
			  falcon_enabled() ? falcon_planner_mode() : config->mode) ||
	      put_cpus(reply, FALCON_A_STATUS_CPUS, cpus) ||
	      (reason[0] && nla_put_string(reply, FALCON_A_STATUS_REASON, reason)) ||
	      nla_put_u32(reply, FALCON_A_STATUS_DEVICES, falcon_devices_count()) ||
	      nla_put_u32(reply, FALCON_A_STATUS_HOST_LOAD, falcon_load_host()) ||
	      put_flow_sum(reply, &flows);
	for (id = 0; id < FALCON_HOOKS && !err; id++)
		err = put_hook(reply, id);
	falcon_control_unlock();
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
	      nla_put_u32(reply, FALCON_A_CONFIG_COALESCE, config->coalesce) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_PARK, config->park) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_POLICY, config->policy) ||
	      nla_put_u32(reply, FALCON_A_CONFIG_PRIORITY_AUTO, config->priority_auto);
	kfree(config);
	return reply_end(reply, header, info, err);
}

int falcon_nl_priority_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct falcon_rule rule;
	struct sk_buff *reply;
	void *header;
	u32 id;
	int err;

	err = check_info(info) ?: falcon_nl_rule_parse(info, &rule);
	if (err)
		return err;
	/* Reserve the reply first: without it nobody would learn the number of the new rule. */
	header = reply_begin(&reply, info, NLMSG_DEFAULT_SIZE);
	if (!header)
		return -ENOMEM;
	err = falcon_priority_add(&rule, &id, info->extack);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	/* At once, not with the first packet: it may take the hooks to see that a flow fits. */
	falcon_park_end();
	return reply_end(reply, header, info, nla_put_u32(reply, FALCON_A_RULE_ID, id));
}

int falcon_nl_priority_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = check_info(info);

	if (err)
		return err;
	if (!info->attrs[FALCON_A_RULE_ID]) {
		NL_SET_ERR_MSG(info->extack, "the number of the rule is missing");
		return -EINVAL;
	}
	err = falcon_priority_del(nla_get_u32(info->attrs[FALCON_A_RULE_ID]));
	if (err == -EBUSY)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[FALCON_A_RULE_ID],
				    "the rule is there while priority-auto is on");
	else if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[FALCON_A_RULE_ID],
				    "there is no rule of this number");
	return err;
}

int falcon_nl_priority_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = check_info(info);

	if (!err)
		falcon_priority_flush();
	return err;
}

/* cpulist_parse() ignores empty parts of a list; the user must have meant something else. */
static bool has_empty_part(const char *list)
{
	char before = ',';

	if (!*list)
		return false;
	for (; *list; list++) {
		if (before == ',' && *list == ',')
			return true;
		before = *list;
	}
	return before == ',';
}

static int parse_cpus(const struct nlattr *attribute, struct cpumask *cpus,
		      struct netlink_ext_ack *extack)
{
	unsigned int cpu;
	int err;

	/* The netlink policy guarantees that the string is terminated. */
	err = has_empty_part(nla_data(attribute)) ? -EINVAL :
						    cpulist_parse(nla_data(attribute), cpus);
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

/* Apply the attributes of the request. All other settings stay as they are. */
static int change_config(struct falcon_config *config, void *data)
{
	struct genl_info *info = data;
	int err = 0;

	read_u32(info, FALCON_A_CONFIG_MODE, &config->mode);
	read_u32(info, FALCON_A_CONFIG_LOAD_THRESHOLD, &config->load_threshold);
	read_u32(info, FALCON_A_CONFIG_BUSY_THRESHOLD, &config->busy_threshold);
	read_bool(info, FALCON_A_CONFIG_NIC_SPLIT, &config->nic_split);
	read_u32(info, FALCON_A_CONFIG_WORKERS, &config->workers);
	read_u32(info, FALCON_A_CONFIG_BATCH, &config->batch);
	read_u32(info, FALCON_A_CONFIG_ELEPHANT_RATE, &config->elephant_rate);
	read_u32(info, FALCON_A_CONFIG_DELIVERY, &config->delivery);
	read_bool(info, FALCON_A_CONFIG_HOST, &config->host);
	read_u32(info, FALCON_A_CONFIG_COALESCE, &config->coalesce);
	read_u32(info, FALCON_A_CONFIG_PARK, &config->park);
	read_u32(info, FALCON_A_CONFIG_POLICY, &config->policy);
	read_bool(info, FALCON_A_CONFIG_PRIORITY_AUTO, &config->priority_auto);
	if (info->attrs[FALCON_A_CONFIG_CPUS])
		err = parse_cpus(info->attrs[FALCON_A_CONFIG_CPUS], &config->cpus, info->extack);
	return err ?: falcon_priority_automate(config->priority_auto, info->extack);
}

int falcon_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return check_info(info) ?: falcon_configure(change_config, info);
}

struct genl_family falcon_family = {
	.name		= FALCON_FAMILY_NAME,
	.version	= FALCON_FAMILY_VERSION,
	.module		= THIS_MODULE,
	/*
	 * By default families share a mutex: every other family would wait while falcon's flows
	 * come back. Requests exclude each other by falcon's own locks; dumps exclude nobody.
	 */
	.parallel_ops	= true,
	.netnsok	= true,		/* other namespaces get a refusal with its reason */
	.ops		= falcon_nl_ops,
	.n_ops		= FALCON_NL_OPS_COUNT,
	.mcgrps		= falcon_nl_mcgrps,
	.n_mcgrps	= FALCON_NL_MCGRPS_COUNT,
};

int falcon_netlink_init(void)
{
	int err = genl_register_family(&falcon_family);

	if (!err)
		falcon_events_open(&falcon_family, FALCON_NLGRP_EVENTS);
	return err;
}

void falcon_netlink_exit(void)
{
	falcon_events_close();
	genl_unregister_family(&falcon_family);
}
