// SPDX-License-Identifier: GPL-2.0

#include "control/netlink-rule.h"
#include "host/device.h"
#include "host/netdev.h"
#include "lanes/endpoint.h"

#define RATE_DEFAULT 10000
#define PORT_MAX     65535

static int refuse(struct genl_info *info, int attribute, const char *wrong)
{
	NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[attribute], "%s", wrong);
	return -EINVAL;
}

static u32 number(const struct genl_info *info, int attribute, u32 otherwise)
{
	return info->attrs[attribute] ? nla_get_u32(info->attrs[attribute]) : otherwise;
}

/* The first prefix that is parsed sets the family; both must be of one family. */
static int parse_prefix(struct genl_info *info, int address, int length, struct falcon_match *match,
			__be32 *to, u8 *bits)
{
	const struct nlattr *attr = info->attrs[address];
	unsigned int size;

	if (!attr) {
		if (info->attrs[length])
			return refuse(info, length, "a prefix's length without its address");
		return 0;
	}
	size = nla_len(attr);
	if (size != 4 && size != 16)
		return refuse(info, address, "an address has 4 or 16 bytes");
	if (match->family && match->family != (size == 4 ? 4 : 6))
		return refuse(info, address, "source and destination are of different families");
	match->family = size == 4 ? 4 : 6;
	memcpy(to, nla_data(attr), size);
	*bits = number(info, length, 8 * size);
	return 0;
}

static int parse_ports(struct genl_info *info, int first, int last, u16 *ports)
{
	u32 from = number(info, first, 0), to = number(info, last, PORT_MAX);

	if (from > PORT_MAX)
		return refuse(info, first, "a port is 1 to 65535");
	if (!to || to > PORT_MAX)
		return refuse(info, last, "a port is 1 to 65535");
	/* No packet has port 0. So 0 to PORT_MAX means any port, even none at all. */
	ports[0] = from || to == PORT_MAX ? from : 1;
	ports[1] = to;
	return 0;
}

/*
 * The endpoint has the namespace's cookie, which is never used again: after the container has gone,
 * the rule fits no other container.
 */
static int parse_endpoint(struct genl_info *info, struct falcon_rule *rule)
{
	const struct nlattr *netns = info->attrs[FALCON_A_RULE_NETNS];
	const struct nlattr *device = info->attrs[FALCON_A_RULE_DEVICE];
	struct falcon_endpoint *endpoint = &rule->match.endpoint;
	u64 cookie = 0;

	if (netns) {
		rule->netns = nla_get_u64(netns);
		cookie = falcon_device_netns(rule->netns);
		if (!cookie)
			return refuse(info, FALCON_A_RULE_NETNS,
				      "there is no such network namespace");
	}
	endpoint->netns = cookie;
	if (!device)
		return 0;
	nla_strscpy(rule->device, device, sizeof(rule->device));
	switch (falcon_device_container(rule->device, &endpoint->netns, &endpoint->ifindex)) {
	case -ENODEV:
		return refuse(info, FALCON_A_RULE_DEVICE, "there is no such device");
	case -EINVAL:
		return refuse(info, FALCON_A_RULE_DEVICE,
			      "the device leads to no container: veth, netkit, macvlan and ipvlan do");
	}
	if (cookie && cookie != endpoint->netns)
		return refuse(info, FALCON_A_RULE_DEVICE,
			      "the device's container is in another network namespace");
	return 0;
}

static int parse_cgroup(struct genl_info *info, struct falcon_rule *rule)
{
	const struct nlattr *cgroup = info->attrs[FALCON_A_RULE_CGROUP];

	if (!cgroup)
		return 0;
	rule->cgroup = nla_get_u64(cgroup);
	switch (falcon_endpoint_cgroup(rule->cgroup, &rule->match.endpoint)) {
	case 0:
		return 0;
	case -ERANGE:
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, cgroup,
					"the cgroup is more than %u levels below the root",
					FALCON_CGROUP_LEVELS - 1);
		return -EINVAL;
	default:
		return refuse(info, FALCON_A_RULE_CGROUP, "there is no such cgroup");
	}
}

static int check(struct genl_info *info, const struct falcon_match *match)
{
	static const int attributes[] = {
		[FALCON_RULE_SADDR]	 = FALCON_A_RULE_SADDR,
		[FALCON_RULE_DADDR]	 = FALCON_A_RULE_DADDR,
		[FALCON_RULE_SPORT]	 = FALCON_A_RULE_SPORT_FIRST,
		[FALCON_RULE_DPORT]	 = FALCON_A_RULE_DPORT_FIRST,
		[FALCON_RULE_DSCP]	 = FALCON_A_RULE_DSCP,
		[FALCON_RULE_OUTER_DSCP] = FALCON_A_RULE_OUTER_DSCP,
		[FALCON_RULE_VNI]	 = FALCON_A_RULE_VNI,
	};
	enum falcon_rule_field field;
	const char *wrong = falcon_rule_check(match, &field);

	return wrong ? refuse(info, attributes[field], wrong) : 0;
}

int falcon_nl_rule_parse(struct genl_info *info, struct falcon_rule *rule)
{
	struct falcon_match *match = &rule->match;
	int err;

	*rule = (struct falcon_rule){
		.match.protocol	  = number(info, FALCON_A_RULE_PROTOCOL, 0),
		.match.dscp	  = number(info, FALCON_A_RULE_DSCP, FALCON_NO_DSCP),
		.match.outer_dscp = number(info, FALCON_A_RULE_OUTER_DSCP, FALCON_NO_DSCP),
		.match.vni	  = number(info, FALCON_A_RULE_VNI, FALCON_NO_VNI),
		.level		  = number(info, FALCON_A_RULE_LEVEL, FALCON_LEVEL_MAX),
		.mode		  = number(info, FALCON_A_RULE_MODE, FALCON_PRIORITY_MODE_SYNC),
		.rate		  = number(info, FALCON_A_RULE_RATE, RATE_DEFAULT),
	};
	/* FALCON_NO_VNI itself is no VNI. */
	if (info->attrs[FALCON_A_RULE_VNI] && match->vni == FALCON_NO_VNI)
		return refuse(info, FALCON_A_RULE_VNI, "a VNI has 24 bits");
	err = parse_prefix(info, FALCON_A_RULE_SADDR, FALCON_A_RULE_SADDR_LEN, match, match->saddr,
			   &match->saddr_len) ?:
	      parse_prefix(info, FALCON_A_RULE_DADDR, FALCON_A_RULE_DADDR_LEN, match, match->daddr,
			   &match->daddr_len) ?:
	      parse_ports(info, FALCON_A_RULE_SPORT_FIRST, FALCON_A_RULE_SPORT_LAST,
			  match->sport) ?:
	      parse_ports(info, FALCON_A_RULE_DPORT_FIRST, FALCON_A_RULE_DPORT_LAST,
			  match->dport) ?:
	      parse_endpoint(info, rule) ?:
	      parse_cgroup(info, rule);
	return err ?: check(info, match);
}

static bool put_prefix(struct sk_buff *skb, int address, int length, u8 family, const __be32 *from,
		       u8 bits)
{
	return !family || (!nla_put(skb, address, family == 4 ? 4 : 16, from) &&
			   !nla_put_u32(skb, length, bits));
}

static bool put_ports(struct sk_buff *skb, int first, int last, const u16 *ports)
{
	return !nla_put_u32(skb, first, ports[0]) && !nla_put_u32(skb, last, ports[1]);
}

static bool put_match(struct sk_buff *skb, const struct falcon_match *match)
{
	return (!match->protocol || !nla_put_u32(skb, FALCON_A_RULE_PROTOCOL, match->protocol)) &&
	       put_prefix(skb, FALCON_A_RULE_SADDR, FALCON_A_RULE_SADDR_LEN, match->family,
			  match->saddr, match->saddr_len) &&
	       put_prefix(skb, FALCON_A_RULE_DADDR, FALCON_A_RULE_DADDR_LEN, match->family,
			  match->daddr, match->daddr_len) &&
	       put_ports(skb, FALCON_A_RULE_SPORT_FIRST, FALCON_A_RULE_SPORT_LAST, match->sport) &&
	       put_ports(skb, FALCON_A_RULE_DPORT_FIRST, FALCON_A_RULE_DPORT_LAST, match->dport) &&
	       (match->dscp == FALCON_NO_DSCP ||
		!nla_put_u32(skb, FALCON_A_RULE_DSCP, match->dscp)) &&
	       (match->outer_dscp == FALCON_NO_DSCP ||
		!nla_put_u32(skb, FALCON_A_RULE_OUTER_DSCP, match->outer_dscp)) &&
	       (match->vni == FALCON_NO_VNI || !nla_put_u32(skb, FALCON_A_RULE_VNI, match->vni));
}

bool falcon_nl_rule_put(struct sk_buff *skb, const struct falcon_rule_info *info)
{
	const struct falcon_rule *rule = &info->rule;

	return !nla_put_u32(skb, FALCON_A_RULE_ID, info->id) && put_match(skb, &rule->match) &&
	       !nla_put_u32(skb, FALCON_A_RULE_LEVEL, rule->level) &&
	       !nla_put_u32(skb, FALCON_A_RULE_MODE, rule->mode) &&
	       !nla_put_u32(skb, FALCON_A_RULE_RATE, rule->rate) &&
	       !nla_put_u64_64bit(skb, FALCON_A_RULE_PACKETS, info->packets, 0) &&
	       !nla_put_u64_64bit(skb, FALCON_A_RULE_FLOWS, info->flows, 0) &&
	       !nla_put_u64_64bit(skb, FALCON_A_RULE_SUSPENSIONS, info->suspensions, 0) &&
	       !nla_put_u32(skb, FALCON_A_RULE_SUSPENDED, info->suspended) &&
	       (!rule->netns ||
		!nla_put_u64_64bit(skb, FALCON_A_RULE_NETNS, rule->netns, 0)) &&
	       (!rule->device[0] ||
		!nla_put_string(skb, FALCON_A_RULE_DEVICE, rule->device)) &&
	       (!rule->cgroup ||
		!nla_put_u64_64bit(skb, FALCON_A_RULE_CGROUP, rule->cgroup, 0)) &&
	       (!rule->automatic || !nla_put_u32(skb, FALCON_A_RULE_AUTOMATIC, 1));
}
