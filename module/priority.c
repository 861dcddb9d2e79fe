// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "notice.h"
#include "priority.h"

#define SHAPES	 64		/* each is a look for every new flow */
#define PATTERNS 65536

/* Of the automatic rule. */
#define AUTOMATIC_RATE 10000

/* A rate is that of so many jiffies; a rule that is above it is barred for so many. */
#define RATE_WINDOW (HZ / 10)
#define BARRED_FOR  HZ

enum bar {
	FREE,
	BARRED_NOW,	/* nobody was told yet */
	BARRED,
};

struct rule {
	struct rcu_head		rcu;
	u32			id;
	struct falcon_rule	rule;
	struct list_head	patterns;
	atomic64_t		packets, flows;
	atomic_t		in_window;	/* packets */
	unsigned long		window;		/* jiffies of its begin */
	unsigned int		bar;		/* enum bar */
	unsigned long		barred_at;	/* jiffies; the work's, as what follows */
	u64			bars;
};

struct pattern {
	struct rcu_head		rcu;
	struct rhash_head	hashed;
	struct falcon_pattern	pattern;
	struct rule		*rule;
	struct list_head	node;		/* the rule's */
};

static const struct rhashtable_params pattern_params = {
	.head_offset	= offsetof(struct pattern, hashed),
	.key_offset	= offsetof(struct pattern, pattern),
	.key_len	= sizeof(struct falcon_pattern),
	.automatic_shrinking = true,
};

static DEFINE_MUTEX(rules_lock);		/* before that of notices only */
static DEFINE_XARRAY_ALLOC1(rules);
static struct rule __rcu *automatic_rule;	/* of them, or NULL */
static struct rhashtable patterns;
static unsigned int rule_count, pattern_count;
static u32 number = 1;	/* odd; changes with the list, under the mutex */
/* Of the rules, those about where packets come to, and about the cgroup there. */
static unsigned int place_count, cgroup_count;
static unsigned int batch_count;	/* of the rules, those by batch */

/*
 * Changed in place, under the mutex: a shape is overwritten only while no pattern has it. Who reads
 * meanwhile may find nothing, and looks again when the generation has changed, but never a
 * pattern that is not the flow's, as the shape is part of what is compared.
 */
static struct {
	struct falcon_shape	shape;
	unsigned int		users;	/* patterns */
} shapes[SHAPES];
static unsigned int shapes_end;		/* those from here on have no users */

static atomic_t generation;

static void look_at_bars(struct work_struct *work);
static DECLARE_DELAYED_WORK(bar_work, look_at_bars);

bool falcon_priority_used(void)
{
	return READ_ONCE(rule_count);
}

bool falcon_priority_has_batches(void)
{
	return READ_ONCE(batch_count);
}

bool falcon_priority_wants_places(void)
{
	return READ_ONCE(place_count);
}

bool falcon_priority_wants_cgroups(void)
{
	return READ_ONCE(cgroup_count);
}

u32 falcon_priority_number(void)
{
	return READ_ONCE(number);
}

u32 falcon_priority_generation(void)
{
	return atomic_read(&generation);
}

/* After the change: who sees the new number finds what there is now. */
static void changed(void)
{
	smp_mb__before_atomic();	/* pairs with falcon_priority_find() */
	atomic_inc(&generation);
}

static struct rule *find(const struct falcon_subject *subject)
{
	unsigned int i, end = READ_ONCE(shapes_end);
	struct falcon_pattern pattern;
	struct falcon_shape shape;
	struct pattern *found;

	for (i = 0; i < end; i++) {
		shape = data_race(shapes[i].shape);
		falcon_rule_mask(&shape, subject, &pattern);
		found = rhashtable_lookup_fast(&patterns, &pattern, pattern_params);
		if (found)
			return found->rule;
	}
	return NULL;
}

void falcon_priority_find(const struct falcon_subject *subject, bool requests,
			  struct falcon_priority *priority)
{
	struct rule *rule;

	*priority = (struct falcon_priority){ .generation = falcon_priority_generation() };
	smp_rmb();	/* pairs with changed() */
	rcu_read_lock_bh();
	rule = find(subject);
	if (!rule && requests)
		rule = rcu_dereference_bh(automatic_rule);
	if (rule && READ_ONCE(rule->bar) == FREE) {
		atomic64_inc(&rule->flows);
		priority->rule = rule->id;
		priority->class = rule->rule.level + 1;
		priority->sync = rule->rule.mode == FALCON_PRIORITY_MODE_SYNC;
		priority->automatic = rule->rule.automatic;
	}
	rcu_read_unlock_bh();
}

/* Whether the rule is above its rate with these packets. */
static bool is_above(struct rule *rule, unsigned int packets)
{
	unsigned long window = READ_ONCE(rule->window);

	if (!rule->rule.rate)
		return false;
	if (jiffies - window >= RATE_WINDOW && cmpxchg(&rule->window, window, jiffies) == window)
		atomic_set(&rule->in_window, 0);
	return (u64)atomic_add_return(packets, &rule->in_window) * HZ >
	       (u64)rule->rule.rate * RATE_WINDOW;
}

void falcon_priority_count(u32 id, unsigned int packets)
{
	struct rule *rule;

	rcu_read_lock();
	rule = xa_load(&rules, id);
	if (rule) {
		atomic64_add(packets, &rule->packets);
		if (is_above(rule, packets) && cmpxchg(&rule->bar, FREE, BARRED_NOW) == FREE) {
			changed();
			mod_delayed_work(system_percpu_wq, &bar_work, 0);
		}
	}
	rcu_read_unlock();
}

static void tell(const struct rule *rule)
{
	char reason[96];
	const struct falcon_notice notice = { .event = FALCON_EVENT_RULE_BARRED, .reason = reason };

	snprintf(reason, sizeof(reason),
		 "rule %u%s: more than %u packets per second; barred for %u ms", rule->id,
		 rule->rule.automatic ? " (priority-auto)" : "", rule->rule.rate,
		 jiffies_to_msecs(BARRED_FOR));
	falcon_notify(&notice);
}

/* Says who was barred just now, and ends what has lasted long enough. */
static void look_at_bars(struct work_struct *work)
{
	bool barred = false, freed = false;
	struct rule *rule;
	unsigned long id;

	mutex_lock(&rules_lock);
	xa_for_each(&rules, id, rule) {
		switch (READ_ONCE(rule->bar)) {
		case BARRED_NOW:
			rule->barred_at = jiffies;
			rule->bars++;
			WRITE_ONCE(rule->bar, BARRED);
			tell(rule);
			barred = true;
			break;
		case BARRED:
			if (time_before(jiffies, rule->barred_at + BARRED_FOR)) {
				barred = true;
				break;
			}
			WRITE_ONCE(rule->bar, FREE);
			freed = true;
			break;
		}
	}
	if (freed)
		changed();
	if (barred)
		schedule_delayed_work(&bar_work, RATE_WINDOW);
	mutex_unlock(&rules_lock);
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

static int hash_pattern(struct rule *rule, const struct falcon_pattern *config,
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
	pattern->rule = rule;
	err = rhashtable_insert_fast(&patterns, &pattern->hashed, pattern_params);
	if (err)
		goto drop;
	list_add_tail(&pattern->node, &rule->patterns);
	pattern_count++;
	return 0;

drop:
	drop_shape(&config->shape);
free:
	kfree(pattern);
	return err;
}

static void unhash_patterns(struct rule *rule)
{
	struct pattern *pattern, *next;

	list_for_each_entry_safe(pattern, next, &rule->patterns, node) {
		rhashtable_remove_fast(&patterns, &pattern->hashed, pattern_params);
		drop_shape(&pattern->pattern.shape);
		list_del(&pattern->node);
		kfree_rcu(pattern, rcu);
		pattern_count--;
	}
}

static int hash_patterns(struct rule *rule, struct netlink_ext_ack *extack)
{
	struct falcon_rule_cursor cursor = {};
	struct falcon_pattern pattern;
	int err = 0;

	while (!err && falcon_rule_pattern(&rule->rule.match, &cursor, &pattern))
		err = hash_pattern(rule, &pattern, extack);
	if (err)
		unhash_patterns(rule);
	return err;
}

/*
 * A rule that meets this one, NULL when there is none: by a look for each shape and pattern, which
 * says all as long as no shape in use looks at more than the pattern's. Otherwise @sure is false.
 */
static struct rule *find_met(const struct falcon_match *match, bool *sure)
{
	struct falcon_rule_cursor cursor = {};
	struct falcon_pattern pattern, seen;
	struct pattern *found;
	unsigned int i;

	*sure = true;
	while (falcon_rule_pattern(match, &cursor, &pattern)) {
		/* Cgroups above its own are what coarser patterns may be about. */
		pattern.subject.place = match->place;
		for (i = 0; i < shapes_end; i++) {
			if (!shapes[i].users)
				continue;
			if (!falcon_shape_is_of(&shapes[i].shape, &pattern.shape)) {
				*sure = false;
				continue;
			}
			falcon_rule_mask(&shapes[i].shape, &pattern.subject, &seen);
			found = rhashtable_lookup_fast(&patterns, &seen, pattern_params);
			if (found)
				return found->rule;
		}
	}
	return NULL;
}

static int check_alone(const struct falcon_rule *rule, struct netlink_ext_ack *extack)
{
	struct rule *met, *other;
	unsigned long id;
	bool sure;

	met = find_met(&rule->match, &sure);
	if (!met && !sure)
		xa_for_each(&rules, id, other) {
			if (other->rule.automatic ||
			    !falcon_rules_meet(&other->rule.match, &rule->match))
				continue;
			met = other;
			break;
		}
	if (!met)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "rule %u is about some of these flows, too", met->id);
	return -EEXIST;
}

/* One more rule, or one less. */
static void count_rule(const struct rule *rule, int one)
{
	const struct falcon_place *place = &rule->rule.match.place;
	bool cgroup = place->cgroup[0];

	WRITE_ONCE(number, number + 2);
	WRITE_ONCE(rule_count, rule_count + one);
	if (rule->rule.mode == FALCON_PRIORITY_MODE_BATCH)
		WRITE_ONCE(batch_count, batch_count + one);
	if (cgroup)
		WRITE_ONCE(cgroup_count, cgroup_count + one);
	if (cgroup || place->netns)
		WRITE_ONCE(place_count, place_count + one);
}

static int insert(struct rule *rule, struct netlink_ext_ack *extack)
{
	bool automatic = rule->rule.automatic;
	int err = automatic ? 0 : check_alone(&rule->rule, extack);

	if (!err && rule_count >= FALCON_RULES) {
		NL_SET_ERR_MSG_FMT(extack, "there are %u rules already", FALCON_RULES);
		err = -ENOSPC;
	}
	if (!err)
		err = xa_alloc(&rules, &rule->id, rule, XA_LIMIT(1, U32_MAX), GFP_KERNEL);
	if (err)
		return err;
	err = automatic ? 0 : hash_patterns(rule, extack);
	if (err) {
		xa_erase(&rules, rule->id);
		return err;
	}
	count_rule(rule, 1);
	if (automatic)
		rcu_assign_pointer(automatic_rule, rule);
	changed();
	return 0;
}

int falcon_priority_add(const struct falcon_rule *config, u32 *id, struct netlink_ext_ack *extack)
{
	struct rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	int err;

	if (!rule)
		return -ENOMEM;
	rule->rule = *config;
	rule->window = jiffies;
	INIT_LIST_HEAD(&rule->patterns);
	mutex_lock(&rules_lock);
	err = insert(rule, extack);
	*id = rule->id;
	mutex_unlock(&rules_lock);
	/* Some packet may just have found it. */
	if (err)
		kfree_rcu(rule, rcu);
	return err;
}

static void remove(struct rule *rule)
{
	unhash_patterns(rule);
	xa_erase(&rules, rule->id);
	count_rule(rule, -1);
	kfree_rcu(rule, rcu);
}

int falcon_priority_del(u32 id)
{
	struct rule *rule;
	int err = 0;

	mutex_lock(&rules_lock);
	rule = xa_load(&rules, id);
	if (!rule) {
		err = -ENOENT;
	} else if (rule->rule.automatic) {
		err = -EBUSY;
	} else {
		remove(rule);
		changed();
	}
	mutex_unlock(&rules_lock);
	return err;
}

void falcon_priority_flush(void)
{
	struct rule *rule;
	unsigned long id;

	mutex_lock(&rules_lock);
	xa_for_each(&rules, id, rule)
		if (!rule->rule.automatic)
			remove(rule);
	changed();
	mutex_unlock(&rules_lock);
}

int falcon_priority_automate(bool wanted, struct netlink_ext_ack *extack)
{
	static const struct falcon_rule config = {
		.mode = FALCON_PRIORITY_MODE_SYNC, .rate = AUTOMATIC_RATE, .automatic = true,
		.match.dscp = FALCON_NO_DSCP, .match.outer_dscp = FALCON_NO_DSCP,
		.match.vni = FALCON_NO_VNI,
		.match.sport = { 0, 65535 }, .match.dport = { 0, 65535 },
	};
	u32 id;

	/* Nobody else changes it: requests come one at a time. */
	if (wanted == !!rcu_access_pointer(automatic_rule))
		return 0;
	if (wanted)
		return falcon_priority_add(&config, &id, extack);
	mutex_lock(&rules_lock);
	remove(rcu_replace_pointer(automatic_rule, NULL, lockdep_is_held(&rules_lock)));
	changed();
	mutex_unlock(&rules_lock);
	return 0;
}

static void show(const struct rule *rule, struct falcon_rule_info *info)
{
	*info = (struct falcon_rule_info){
		.id		= rule->id,
		.rule		= rule->rule,
		.packets	= atomic64_read(&rule->packets),
		.flows		= atomic64_read(&rule->flows),
		.bars		= rule->bars,
		.barred		= READ_ONCE(rule->bar) != FREE,
	};
}

unsigned long falcon_priority_walk(unsigned long from,
				   int (*call)(const struct falcon_rule_info *info, void *data),
				   void *data)
{
	struct falcon_rule_info info;
	struct rule *rule;
	unsigned long id;

	mutex_lock(&rules_lock);
	xa_for_each_start(&rules, id, rule, from) {
		show(rule, &info);
		if (call(&info, data)) {
			mutex_unlock(&rules_lock);
			return id;
		}
	}
	mutex_unlock(&rules_lock);
	return FALCON_PRIORITY_END;
}

int falcon_priority_init(void)
{
	return rhashtable_init(&patterns, &pattern_params);
}

void falcon_priority_exit(void)
{
	falcon_priority_automate(false, NULL);
	falcon_priority_flush();
	cancel_delayed_work_sync(&bar_work);
	rhashtable_destroy(&patterns);
	xa_destroy(&rules);
}
