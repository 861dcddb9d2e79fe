/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the patterns that all rules are made into, and the shapes in use: to find the rule
 * of a flow costs a look for each shape.
 *
 * The table knows no rules: a rule has its patterns in a struct falcon_patterns, and that is found.
 */

#ifndef _FALCON_PATTERN_H
#define _FALCON_PATTERN_H

#include <linux/netlink.h>
#include <linux/types.h>

struct falcon_match;
struct falcon_subject;

/* Those of one rule. Readers may find it until a grace period after falcon_patterns_del(). */
struct falcon_patterns {
	struct list_head list;		/* empty at first */
};

/**
 * falcon_patterns_add() - make a match into patterns, and put these into the table
 * @patterns: result: they
 * @match: one that makes sense, and meets no other in the table
 * @extack: gets what is wrong
 *
 * Context: process, under the mutex of falcon_patterns_del(). Return: 0; -ENOSPC when there are too
 * many patterns or shapes; -ENOMEM. Then none of them is left in the table.
 */
int falcon_patterns_add(struct falcon_patterns *patterns, const struct falcon_match *match,
			struct netlink_ext_ack *extack);

/* Take them away, if there are any. Context: process, under one mutex with each other change. */
void falcon_patterns_del(struct falcon_patterns *patterns);

/* The patterns of which one fits the flow, or NULL. Context: RCU reader. */
struct falcon_patterns *falcon_pattern_find(const struct falcon_subject *subject);

/**
 * falcon_pattern_find_met() - patterns of which one meets the match, as some flow is of both
 * @match: one that makes sense
 * @sure: result: whether NULL means that there are none
 *
 * A look for each shape and pattern says all as long as no shape in use looks at more than the
 * pattern's. Otherwise @sure is false.
 *
 * Context: process, under the mutex of falcon_patterns_del(). Return: the patterns, or NULL.
 */
struct falcon_patterns *falcon_pattern_find_met(const struct falcon_match *match, bool *sure);

/* Context: process. Return: 0; -ENOMEM. */
int falcon_patterns_init(void);

/* The table is empty. Context: process. */
void falcon_patterns_exit(void);

#endif /* _FALCON_PATTERN_H */
