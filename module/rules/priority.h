/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules that say which flows go ahead of the others. A flow is looked up when its first
 * packet is seen and after rules have changed, never for each packet.
 *
 * A rule that is above its rate is barred for a second: its flows are like any others.
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
	/* What match.place was made from, to be shown; 0 and "" for any. */
	u64			netns;		/* inode number */
	u64			cgroup;		/* id */
	char			device[IFNAMSIZ];
	bool			automatic;	/* see falcon_priority_find() */
};

/* What priority-get tells of it. */
struct falcon_rule_info {
	u32			id;
	struct falcon_rule	rule;
	u64			packets;	/* of its flows in lanes */
	u64			flows;		/* times a flow was found to be of it */
	u64			suspensions;	/* times it was barred */
	bool			suspended;
};

/* What a flow has of its rule. */
struct falcon_priority {
	u32	generation;	/* of the rules when it was found */
	u32	rule;		/* its number; 0: of none */
	u8	prio;
	bool	sync;
	bool	automatic;
};

#define FALCON_PRIORITY_END ULONG_MAX

/**
 * falcon_priority_add() - a new rule, for all flows at once
 * @rule: one that makes sense
 * @id: result: its number, which is never 0
 * @extack: gets what is wrong
 *
 * Context: process. Return: 0; -EEXIST when a flow could be of another rule, too; -ENOSPC when
 * there are too many rules or shapes of rules; -ENOMEM.
 */
int falcon_priority_add(const struct falcon_rule *rule, u32 *id, struct netlink_ext_ack *extack);

/* Take a rule away. Context: process. Return: 0; -ENOENT; -EBUSY, the automatic one. */
int falcon_priority_del(u32 id);

/* All of them, but the automatic one. Context: process. */
void falcon_priority_flush(void);

/**
 * falcon_priority_automate() - whether there is to be a rule for short requests
 * @wanted: there is
 * @extack: gets what is wrong
 *
 * Context: process. Return: 0; -ENOSPC; -ENOMEM.
 */
int falcon_priority_automate(bool wanted, struct netlink_ext_ack *extack);

/* Whether there are any. Context: any. */
bool falcon_priority_used(void);

/* Whether some rule has flows go ahead by batch. Context: any. */
bool falcon_priority_has_batches(void);

/* Whether some rule is about where packets come to. Context: any. */
bool falcon_priority_wants_endpoints(void);

/* Whether some of these is about cgroups. Context: any. */
bool falcon_priority_wants_cgroups(void);

/*
 * Another number when a rule has come or gone: who has found the same one before two walks has seen
 * the same list. Never 0. Context: any.
 */
u32 falcon_priority_number(void);

/* Another one whenever falcon_priority_find() may have another answer. Context: any. */
u32 falcon_priority_generation(void);

/**
 * falcon_priority_find() - the rule of a flow
 * @subject: the flow
 * @requests: it is short requests, so that without another rule it is of the automatic one
 * @priority: result
 *
 * Context: BH.
 */
void falcon_priority_find(const struct falcon_subject *subject, bool requests,
			  struct falcon_priority *priority);

/* Packets of a flow of the rule go ahead. Context: BH. */
void falcon_priority_count(u32 rule, unsigned int packets);

/**
 * falcon_priority_walk() - call a function for each rule
 * @from: the least number of a rule to begin with
 * @call: returns non-zero to stop before the rule that it got
 * @data: for @call
 *
 * Context: process. Return: the number to go on with, FALCON_PRIORITY_END at the end.
 */
unsigned long falcon_priority_walk(unsigned long from,
				   int (*call)(const struct falcon_rule_info *info, void *data),
				   void *data);

int falcon_priority_init(void);

/* No packet is being looked up any more. Context: process. */
void falcon_priority_exit(void);

#endif /* _FALCON_PRIORITY_H */
