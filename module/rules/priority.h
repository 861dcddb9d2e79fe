/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules that give flows priority. A flow is looked up when its first packet is seen, and again
 * by its next packet after rules have changed, but never for each packet.
 *
 * A rule above its rate is suspended for a second. Meanwhile its flows are treated like any others.
 */

#ifndef _FALCON_PRIORITY_H
#define _FALCON_PRIORITY_H

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/types.h>
#include <uapi/linux/falcon.h>

#include "rules/rule.h"

#define FALCON_RULES 16384

/* A rule as configured. */
struct falcon_rule {
	struct falcon_match	match;
	u32			level;		/* 0 to FALCON_LEVEL_MAX */
	u32			mode;		/* enum falcon_priority_mode */
	u32			rate;		/* packets per second of all its flows; 0: any */
	/* What match.endpoint was made from, to be shown; 0 and "" for any. */
	u64			netns;		/* inode number */
	u64			cgroup;		/* id */
	char			device[IFNAMSIZ];
	bool			automatic;	/* see falcon_priority_find() */
};

/* A rule as priority-get shows it. */
struct falcon_rule_info {
	u32			id;
	struct falcon_rule	rule;
	u64			packets;	/* of its flows in lanes */
	u64			flows;		/* times that a lookup found it for a flow */
	u64			suspensions;	/* times that it was suspended */
	bool			suspended;
};

/* Priority of a flow, by its rule. */
struct falcon_priority {
	u32	generation;	/* of the rules at the lookup */
	u32	rule;		/* number of its rule; 0: none */
	u8	prio;
	bool	sync;
	bool	automatic;
};

#define FALCON_PRIORITY_END ULONG_MAX

/**
 * falcon_priority_add() - add a rule, which applies to all flows at once
 * @rule: a valid rule
 * @id: result: its number, which is never 0
 * @extack: gets an error message
 *
 * Context: process. Return: 0; -EEXIST if a flow could fit another rule as well; -ENOSPC if there
 * are too many rules, patterns or shapes; -ENOMEM.
 */
int falcon_priority_add(const struct falcon_rule *rule, u32 *id, struct netlink_ext_ack *extack);

/* Remove a rule. Context: process. Return: 0; -ENOENT; -EBUSY for the automatic rule. */
int falcon_priority_del(u32 id);

/* Remove all rules but the automatic one. Context: process. */
void falcon_priority_flush(void);

/**
 * falcon_priority_automate() - add or remove the automatic rule, for flows of short requests
 * @wanted: true: there must be one
 * @extack: gets an error message
 *
 * Context: process, under the control mutex. Return: 0; -ENOSPC; -ENOMEM.
 */
int falcon_priority_automate(bool wanted, struct netlink_ext_ack *extack);

/* True if there are rules. Context: any. */
bool falcon_priority_used(void);

/* True if some rule has mode batch. Context: any. */
bool falcon_priority_has_batches(void);

/* True if some rule is about endpoints. Context: any. */
bool falcon_priority_wants_endpoints(void);

/* True if some rule is about cgroups. Context: any. */
bool falcon_priority_wants_cgroups(void);

/*
 * A number that changes whenever a rule comes or goes. Two walks that begin at the same number see
 * the same list. Never 0. Context: any.
 */
u32 falcon_priority_number(void);

/* A number that changes whenever falcon_priority_find() may give another answer. Context: any. */
u32 falcon_priority_generation(void);

/**
 * falcon_priority_find() - find the rule of a flow
 * @subject: the flow
 * @requests: true for a flow of short requests, which has the automatic rule if it fits no other
 * @priority: result
 *
 * Context: BH.
 */
void falcon_priority_find(const struct falcon_subject *subject, bool requests,
			  struct falcon_priority *priority);

/* Count packets of a rule's flows in lanes. Context: BH. */
void falcon_priority_count(u32 rule, unsigned int packets);

/**
 * falcon_priority_walk() - call a function for each rule
 * @from: lowest rule number to begin with
 * @call: called under the rules mutex; returns non-zero to stop before the rule that it got
 * @data: for @call
 *
 * Context: process. Return: number to go on with; FALCON_PRIORITY_END at the end.
 */
unsigned long falcon_priority_walk(unsigned long from,
				   int (*call)(const struct falcon_rule_info *info, void *data),
				   void *data);

int falcon_priority_init(void);

/* Context: process. No packet is being looked up any more. */
void falcon_priority_exit(void);

#endif /* _FALCON_PRIORITY_H */
