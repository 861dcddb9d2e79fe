// SPDX-License-Identifier: GPL-2.0

#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "rules/pattern.h"
#include "rules/rule.h"

#define SHAPES	 64		/* each costs every new flow a lookup */
#define PATTERNS 65536

struct pattern {
	struct rcu_head		rcu;
	struct rhash_head	hashed;
	struct falcon_pattern	pattern;
	struct falcon_patterns	*patterns;	/* of the same rule */
	struct list_head	node;		/* in their list */
};

static const struct rhashtable_params params = {
	.head_offset	= offsetof(struct pattern, hashed),
	.key_offset	= offsetof(struct pattern, pattern),
	.key_len	= sizeof(struct falcon_pattern),
	.automatic_shrinking = true,
};

static struct rhashtable table;
static unsigned int pattern_count;

/*
 * Changed in place, under the caller's mutex. A shape is overwritten only while no pattern has it.
 * A reader may find nothing meanwhile, and looks again because the generation changes. It never
 * finds a pattern that does not fit its flow, as the shape is compared, too.
 */
static struct {
	struct falcon_shape	shape;
	unsigned int		users;	/* patterns of this shape */
} shapes[SHAPES];
static unsigned int shapes_end;		/* no shape from here on has users */

struct falcon_patterns *falcon_pattern_find(const struct falcon_subject *subject)
{
	unsigned int i, end = READ_ONCE(shapes_end);
	struct falcon_pattern pattern;
	struct falcon_shape shape;
	struct pattern *found;

	for (i = 0; i < end; i++) {
		shape = data_race(shapes[i].shape);
		falcon_rule_mask(&shape, subject, &pattern);
		found = rhashtable_lookup_fast(&table, &pattern, params);
		if (found)
			return found->patterns;
	}
	return NULL;
}

static int use_shape(const struct falcon_shape *shape)
{
	unsigned int i, unused = SHAPES;

	for (i = 0; i < SHAPES; i++) {
		if (shapes[i].users && !memcmp(&shapes[i].shape, shape, sizeof(*shape)))
			break;
		if (!shapes[i].users && unused == SHAPES)
			unused = i;
	}
	if (i == SHAPES) {
		if (unused == SHAPES)
			return -ENOSPC;
		i = unused;
		shapes[i].shape = *shape;
		WRITE_ONCE(shapes_end, max(shapes_end, i + 1));
	}
	shapes[i].users++;
	return 0;
}

static void drop_shape(const struct falcon_shape *shape)
{
	unsigned int i = 0;

	while (!shapes[i].users || memcmp(&shapes[i].shape, shape, sizeof(*shape)))
		i++;
	shapes[i].users--;
	while (shapes_end && !shapes[shapes_end - 1].users)
		WRITE_ONCE(shapes_end, shapes_end - 1);
}

static int hash_pattern(struct falcon_patterns *patterns, const struct falcon_pattern *config,
			struct netlink_ext_ack *extack)
{
	struct pattern *pattern;
	int err;

	if (pattern_count >= PATTERNS) {
		NL_SET_ERR_MSG(extack, "too many ranges of ports");
		return -ENOSPC;
	}
	pattern = kzalloc(sizeof(*pattern), GFP_KERNEL);
	if (!pattern)
		return -ENOMEM;
	err = use_shape(&config->shape);
	if (err) {
		NL_SET_ERR_MSG_FMT(extack,
				   "rules of more than %u kinds (fields, lengths of prefixes)",
				   SHAPES);
		goto free;
	}
	pattern->pattern = *config;
	pattern->patterns = patterns;
	err = rhashtable_insert_fast(&table, &pattern->hashed, params);
	if (err)
		goto drop;
	list_add_tail(&pattern->node, &patterns->list);
	pattern_count++;
	return 0;

drop:
	drop_shape(&config->shape);
free:
	kfree(pattern);
	return err;
}

void falcon_patterns_del(struct falcon_patterns *patterns)
{
	struct pattern *pattern, *next;

	list_for_each_entry_safe(pattern, next, &patterns->list, node) {
		rhashtable_remove_fast(&table, &pattern->hashed, params);
		drop_shape(&pattern->pattern.shape);
		list_del(&pattern->node);
		kfree_rcu(pattern, rcu);
		pattern_count--;
	}
}

int falcon_patterns_add(struct falcon_patterns *patterns, const struct falcon_match *match,
			struct netlink_ext_ack *extack)
{
	struct falcon_rule_cursor cursor = {};
	struct falcon_pattern pattern;
	int err = 0;

	while (!err && falcon_rule_pattern(match, &cursor, &pattern))
		err = hash_pattern(patterns, &pattern, extack);
	if (err)
		falcon_patterns_del(patterns);
	return err;
}

struct falcon_patterns *falcon_pattern_find_met(const struct falcon_match *match, bool *sure)
{
	struct falcon_rule_cursor cursor = {};
	struct falcon_pattern pattern, seen;
	struct pattern *found;
	unsigned int i;

	*sure = true;
	while (falcon_rule_pattern(match, &cursor, &pattern)) {
		/* A coarser pattern may be about a cgroup above the match's own. */
		pattern.subject.endpoint = match->endpoint;
		for (i = 0; i < shapes_end; i++) {
			if (!shapes[i].users)
				continue;
			if (!falcon_shape_is_of(&shapes[i].shape, &pattern.shape)) {
				*sure = false;
				continue;
			}
			falcon_rule_mask(&shapes[i].shape, &pattern.subject, &seen);
			found = rhashtable_lookup_fast(&table, &seen, params);
			if (found)
				return found->patterns;
		}
	}
	return NULL;
}

int falcon_patterns_init(void)
{
	return rhashtable_init(&table, &params);
}

void falcon_patterns_exit(void)
{
	rhashtable_destroy(&table);
}
