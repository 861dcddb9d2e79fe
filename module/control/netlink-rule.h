/* SPDX-License-Identifier: GPL-2.0 */
/* Translates rules from and into attributes of netlink messages. */

#ifndef _FALCON_NETLINK_RULE_H
#define _FALCON_NETLINK_RULE_H

#include <net/genetlink.h>

#include "rules/priority.h"

/**
 * falcon_nl_rule_parse() - read the rule of a request
 * @info: the request; its extack receives the error and the attribute that has it
 * @rule: result, a valid rule
 *
 * Context: process. Return: 0 or -EINVAL.
 */
int falcon_nl_rule_parse(struct genl_info *info, struct falcon_rule *rule);

/* Put a rule into a message. Context: process. Return: true if the message had room. */
bool falcon_nl_rule_put(struct sk_buff *skb, const struct falcon_rule_info *info);

#endif /* _FALCON_NETLINK_RULE_H */
