/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the patterns that all rules are made into, and the shapes in use. To find the rule
 * of a flow costs a lookup for each shape.
 *
 * The table knows no rules. A rule embeds a struct falcon_patterns, and lookups return that one.
 */

#ifndef _FALCON_PATTERN_H
#define _FALCON_PATTERN_H

#include <linux/netlink.h>
#include <linux/types.h>

struct falcon_match;
struct falcon_subject;

/*
 * The patterns of one rule. Readers may find it until a grace period after falcon_patterns_del().
 */
struct falcon_patterns {
	struct list_head list;		/* empty at first */
};

/**
 * falcon_patterns_add() - make a match into patterns, and put these into the table
 * @patterns: result
 * @match: a valid match that meets no other one in the table
 * @extack: gets an error message
 *
 * Context: process, under the mutex of falcon_patterns_del(). Return: 0; -ENOSPC if there are too
 * many patterns or shapes; -ENOMEM. After an error none of the patterns is in the table.
 */
int falcon_patterns_add(struct falcon_patterns *patterns, const struct falcon_match *match,
			struct netlink_ext_ack *extack);

/* Remove the patterns, if there are any. Context: process; one mutex covers all changes. */
void falcon_patterns_del(struct falcon_patterns *patterns);

/* The patterns of the rule that a flow fits, or NULL. Context: RCU reader. */
struct falcon_patterns *falcon_pattern_find(const struct falcon_subject *subject);

/**
 * falcon_pattern_find_met() - find the patterns of a rule that some flow could fit beside a match
 * @match: a valid match
 * @sure: result: true if NULL means that there are none
 *
 * A lookup for each shape and pattern is enough as long as no shape in use looks at more than the
 * pattern's shape does. Otherwise @sure is false.
 *
 * Context: process, under the mutex of falcon_patterns_del(). Return: the patterns, or NULL.
 */
struct falcon_patterns *falcon_pattern_find_met(const struct falcon_match *match, bool *sure);

/* Context: process. Return: 0; -ENOMEM. */
int falcon_patterns_init(void);

/* Context: process. The table is empty. */
void falcon_patterns_exit(void);

#endif /* _FALCON_PATTERN_H */
