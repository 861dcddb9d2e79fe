// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "core/event.h"
#include "rules/meter.h"
#include "rules/pattern.h"
#include "rules/priority.h"

/* Packets per second of the automatic rule. */
#define AUTOMATIC_RATE 10000

struct rule {
	struct rcu_head		rcu;
	u32			id;
	struct falcon_rule	rule;
	struct falcon_patterns	patterns;
	atomic64_t		packets, flows;
	struct falcon_meter	meter;
};

static DEFINE_MUTEX(rules_lock);		/* only the event mutex is taken under it */
static DEFINE_XARRAY_ALLOC1(rules);
static struct rule __rcu *automatic_rule;	/* one of them, or NULL */
static unsigned int rule_count;
static u32 number = 1;	/* odd; changes with the list, under rules_lock */
/* Number of rules about endpoints, and of rules about cgroups among them. */
static unsigned int endpoint_count, cgroup_count;
static unsigned int batch_count;	/* number of rules with mode batch */

static atomic_t generation;

static void look_at_suspensions(struct work_struct *work);
static DECLARE_DELAYED_WORK(suspension_work, look_at_suspensions);

bool falcon_priority_used(void)
{
	return READ_ONCE(rule_count);
}

bool falcon_priority_has_batches(void)
{
	return READ_ONCE(batch_count);
}

bool falcon_priority_wants_endpoints(void)
{
	return READ_ONCE(endpoint_count);
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

/* Called after a change: a reader that sees the new generation finds the new rules. */
static void changed(void)
{
	smp_mb__before_atomic();	/* pairs with falcon_priority_find() */
	atomic_inc(&generation);
}

static struct rule *rule_of(struct falcon_patterns *patterns)
{
	return patterns ? container_of(patterns, struct rule, patterns) : NULL;
}

void falcon_priority_find(const struct falcon_subject *subject, bool requests,
			  struct falcon_priority *priority)
{
	struct rule *rule;

	*priority = (struct falcon_priority){ .generation = falcon_priority_generation() };
	smp_rmb();	/* pairs with changed() */
	rcu_read_lock_bh();
	rule = rule_of(falcon_pattern_find(subject));
	if (!rule && requests)
		rule = rcu_dereference_bh(automatic_rule);
	if (rule && !falcon_meter_is_suspended(&rule->meter)) {
		atomic64_inc(&rule->flows);
		priority->rule = rule->id;
		priority->prio = rule->rule.level + 1;
		priority->sync = rule->rule.mode == FALCON_PRIORITY_MODE_SYNC;
		priority->automatic = rule->rule.automatic;
	}
	rcu_read_unlock_bh();
}

void falcon_priority_count(u32 id, unsigned int packets)
{
	struct rule *rule;

	rcu_read_lock();
	rule = xa_load(&rules, id);
	if (rule) {
		atomic64_add(packets, &rule->packets);
		if (falcon_meter_count(&rule->meter, rule->rule.rate, packets)) {
			changed();
			mod_delayed_work(system_percpu_wq, &suspension_work, 0);
		}
	}
	rcu_read_unlock();
}

static void tell(const struct rule *rule)
{
	char reason[96];
	const struct falcon_event_msg msg = {
		.event = FALCON_EVENT_RULE_SUSPENDED, .reason = reason
	};

	snprintf(reason, sizeof(reason),
		 "rule %u%s: more than %u packets per second; suspended for %u ms", rule->id,
		 rule->rule.automatic ? " (priority-auto)" : "", rule->rule.rate,
		 jiffies_to_msecs(FALCON_METER_SUSPENDED_FOR));
	falcon_event_send(&msg);
}

/* Reports rules that were just suspended, and ends suspensions that have lasted long enough. */
static void look_at_suspensions(struct work_struct *work)
{
	bool suspended = false, freed = false;
	struct rule *rule;
	unsigned long id;

	mutex_lock(&rules_lock);
	xa_for_each(&rules, id, rule) {
		switch (falcon_meter_look(&rule->meter)) {
		case FALCON_METER_QUIET:
			break;
		case FALCON_METER_BEGINS:
			tell(rule);
			suspended = true;
			break;
		case FALCON_METER_LASTS:
			suspended = true;
			break;
		case FALCON_METER_ENDS:
			freed = true;
			break;
		}
	}
	if (freed)
		changed();
	if (suspended)
		schedule_delayed_work(&suspension_work, FALCON_METER_WINDOW);
	mutex_unlock(&rules_lock);
}

static int check_alone(const struct falcon_rule *rule, struct netlink_ext_ack *extack)
{
	struct rule *met, *other;
	unsigned long id;
	bool sure;

	met = rule_of(falcon_pattern_find_met(&rule->match, &sure));
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

/* A rule comes (@one is 1) or goes (@one is -1). */
static void count_rule(const struct rule *rule, int one)
{
	const struct falcon_endpoint *endpoint = &rule->rule.match.endpoint;
	bool cgroup = endpoint->cgroup[0];

	WRITE_ONCE(number, number + 2);
	WRITE_ONCE(rule_count, rule_count + one);
	if (rule->rule.mode == FALCON_PRIORITY_MODE_BATCH)
		WRITE_ONCE(batch_count, batch_count + one);
	if (cgroup)
		WRITE_ONCE(cgroup_count, cgroup_count + one);
	if (cgroup || endpoint->netns)
		WRITE_ONCE(endpoint_count, endpoint_count + one);
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
	err = automatic ? 0 : falcon_patterns_add(&rule->patterns, &rule->rule.match, extack);
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
	falcon_meter_init(&rule->meter);
	INIT_LIST_HEAD(&rule->patterns.list);
	mutex_lock(&rules_lock);
	err = insert(rule, extack);
	*id = rule->id;
	mutex_unlock(&rules_lock);
	/* A packet may just have found it. */
	if (err)
		kfree_rcu(rule, rcu);
	return err;
}

static void remove(struct rule *rule)
{
	falcon_patterns_del(&rule->patterns);
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

	/* The control mutex is held, or no request can come any more: nobody else changes it. */
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
		.suspensions	= rule->meter.suspensions,
		.suspended	= falcon_meter_is_suspended(&rule->meter),
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
	return falcon_patterns_init();
}

void falcon_priority_exit(void)
{
	falcon_priority_automate(false, NULL);
	falcon_priority_flush();
	cancel_delayed_work_sync(&suspension_work);
	falcon_patterns_exit();
	xa_destroy(&rules);
}
