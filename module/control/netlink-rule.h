/* SPDX-License-Identifier: GPL-2.0 */
/* Rules as attributes of netlink messages. */

#ifndef _FALCON_NETLINK_RULE_H
#define _FALCON_NETLINK_RULE_H

#include <net/genetlink.h>

#include "rules/priority.h"

/**
 * falcon_nl_rule_parse() - the rule that a request is about
 * @info: the request; its extack gets what is wrong, and with which attribute
 * @rule: result, a rule that makes sense
 *
 * Context: process. Return: 0 or -EINVAL.
 */
int falcon_nl_rule_parse(struct genl_info *info, struct falcon_rule *rule);

/* Put a rule into a message. Context: process. Return: whether there was room. */
bool falcon_nl_rule_put(struct sk_buff *skb, const struct falcon_rule_info *info);

#endif /* _FALCON_NETLINK_RULE_H */
