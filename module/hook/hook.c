// SPDX-License-Identifier: GPL-2.0
/*
 * This file attaches and detaches the handlers of a table of sites, through ftrace, and keeps the
 * state of each. The table is handed in: this file names no handler.
 */

#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "hook/hook.h"

struct hook {
	const struct falcon_hook_site *site;
	struct ftrace_ops	ops;
	enum falcon_hook_state	state;
	char			detail[FALCON_HOOK_DETAIL];
};

/* How often ftrace may say -EAGAIN, each time after a jiffy or two: half a second. */
#define ATTACH_TRIES 100

static DEFINE_MUTEX(hooks_lock);	/* innermost but for ftrace's own */
static bool hooks_wanted;		/* attached, as far as that could be */
static u8 parked;			/* the mode in which hooks are parked, or 0 */
static struct hook hooks[FALCON_HOOKS];

static void note(struct hook *hook, enum falcon_hook_state state, const char *detail)
{
	hook->state = state;
	strscpy(hook->detail, detail, sizeof(hook->detail));
}

/* Make ftrace's filter, if there is such a function. */
static int find(struct hook *hook)
{
	char symbol[64];
	int err;

	/*
	 * From scratch each time: ftrace_free_filter() leaves pointers to what it freed.
	 * PERMANENT, or `sysctl kernel.ftrace_enabled=0` would take the hook away unseen.
	 */
	hook->ops = (struct ftrace_ops) {
		.func	= hook->site->handler,
		.flags	= FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
	};
	strscpy(symbol, hook->site->symbol, sizeof(symbol));	/* ftrace wants to write there */
	err = ftrace_set_filter(&hook->ops, symbol, strlen(symbol), 1);
	if (!err)
		return 0;
	if (err == -ENOMEM) {
		note(hook, FALCON_HOOK_STATE_FAILED, "no memory to look for it");
		return err;
	}
	note(hook, FALCON_HOOK_STATE_MISSING,
	     hook->site->module ? "its module is not loaded, or has none that ftrace can hook" :
				  "this kernel has no such function that ftrace can hook");
	return -ENOENT;
}

static int probe(struct hook *hook)
{
	int err = find(hook);

	if (!err)
		note(hook, FALCON_HOOK_STATE_DETACHED, "");
	ftrace_free_filter(&hook->ops);
	return err;
}

/*
 * A BPF program's trampoline on the function has to agree to share it. While somebody attaches or
 * detaches such a program, ftrace cannot ask it, sleeps for a millisecond, and says -EAGAIN.
 */
static int register_when_free(struct ftrace_ops *ops)
{
	unsigned int tries = ATTACH_TRIES;
	int err;

	do {
		err = register_ftrace_function(ops);
	} while (err == -EAGAIN && --tries);
	return err;
}

static int attach(struct hook *hook)
{
	int err;

	if (hook->state == FALCON_HOOK_STATE_ATTACHED)
		return 0;
	/* What rests has its filter, which takes much longer to make than to use. */
	err = hook->state == FALCON_HOOK_STATE_PARKED ? 0 : find(hook);
	if (err)
		goto free;
	err = register_when_free(&hook->ops);
	/* An empty filter: no memory for its entry, which ftrace_set_filter() did not say. */
	if (err == -EINVAL)
		err = -ENOMEM;
	if (err == -EBUSY) {
		note(hook, FALCON_HOOK_STATE_CONFLICT,
		     "taken by another (a livepatch?), or kernel.ftrace_enabled=0");
		goto free;
	}
	if (err) {
		note(hook, FALCON_HOOK_STATE_FAILED,
		     err == -ENOMEM ? "no memory to hook it" :
		     err == -EAGAIN ? "BPF programs there come and go all the time; try again" :
				      "ftrace refused");
		goto free;
	}
	note(hook, FALCON_HOOK_STATE_ATTACHED, "");
	return 0;

free:
	ftrace_free_filter(&hook->ops);
	return err;
}

static void rest(struct hook *hook)
{
	if (hook->state != FALCON_HOOK_STATE_ATTACHED)
		return;
	unregister_ftrace_function(&hook->ops);
	note(hook, FALCON_HOOK_STATE_PARKED, "");
}

static void detach(struct hook *hook)
{
	rest(hook);
	if (hook->state != FALCON_HOOK_STATE_PARKED)
		return;
	ftrace_free_filter(&hook->ops);
	note(hook, FALCON_HOOK_STATE_DETACHED, "");
}

/* Where the hooks of the next capability begin. */
static unsigned int end_of(unsigned int first)
{
	unsigned int end = first;

	while (end < FALCON_HOOKS &&
	       !strcmp(hooks[end].site->capability, hooks[first].site->capability))
		end++;
	return end;
}

/*
 * Whether nothing is enabled without: for want of memory, what could be there another time. What is
 * enabled already, its hooks coming back from rest, goes on without.
 */
static bool is_needed(unsigned int first, int err)
{
	return !hooks_wanted && (hooks[first].site->required || err == -ENOMEM);
}

/* All hooks of the capability that @first begins, or none. */
static int attach_capability(unsigned int first)
{
	unsigned int i, end = end_of(first);
	int err = 0;

	for (i = first; i < end && !err; i++)
		err = attach(&hooks[i]);
	if (!err)
		return 0;
	/* A module that is not loaded is not missed. */
	if (!is_needed(first, err) && !(hooks[i - 1].site->module && err == -ENOENT))
		pr_info("%s: %s; going without %s\n", hooks[i - 1].site->symbol,
			hooks[i - 1].detail, hooks[first].site->capability);
	for (i = first; i < end; i++)
		detach(&hooks[i]);
	return err;
}

static int attach_all(struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < FALCON_HOOKS; i = end_of(i)) {
		err = attach_capability(i);
		if (!err || !is_needed(i, err))
			continue;
		NL_SET_ERR_MSG_FMT(extack, "%s: %s", hooks[i].site->symbol, hooks[i].detail);
		return err;
	}
	return 0;
}

static bool some_rest(unsigned int first)
{
	unsigned int i;

	for (i = first; i < end_of(first); i++)
		if (hooks[i].state == FALCON_HOOK_STATE_PARKED)
			return true;
	return false;
}

/* The entry first, then the questions that need an answer: order of the table, backwards. */
static void detach_all(void)
{
	unsigned int i;

	for (i = FALCON_HOOKS; i-- > 0;)
		detach(&hooks[i]);
}

int falcon_hooks_attach(struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&hooks_lock);
	err = attach_all(extack);
	if (err)
		detach_all();
	hooks_wanted = !err;
	mutex_unlock(&hooks_lock);
	return err;
}

void falcon_hooks_detach(void)
{
	mutex_lock(&hooks_lock);
	hooks_wanted = false;
	parked = 0;
	detach_all();
	mutex_unlock(&hooks_lock);
}

void falcon_hooks_park(enum falcon_mode mode)
{
	unsigned int i;

	mutex_lock(&hooks_lock);
	parked = BIT(mode);
	for (i = FALCON_HOOKS; i-- > 0;)
		if (hooks[i].site->parks & parked)
			rest(&hooks[i]);
	mutex_unlock(&hooks_lock);
}

void falcon_hooks_unpark(void)
{
	unsigned int i;

	mutex_lock(&hooks_lock);
	parked = 0;
	for (i = 0; i < FALCON_HOOKS; i = end_of(i))
		if (some_rest(i))
			attach_capability(i);
	mutex_unlock(&hooks_lock);
}

/* A module that has a function comes, or goes and takes it along. */
static int on_module(struct notifier_block *block, unsigned long event, void *data)
{
	const struct module *module = data;
	struct hook *hook;

	mutex_lock(&hooks_lock);
	for (hook = hooks; hook < hooks + FALCON_HOOKS; hook++) {
		if (!hook->site->module || strcmp(hook->site->module, module->name))
			continue;
		if (event == MODULE_STATE_LIVE && !hooks_wanted)
			probe(hook);
		else if (event == MODULE_STATE_LIVE && !attach(hook) && hook->site->parks & parked)
			rest(hook);
		if (event == MODULE_STATE_GOING) {
			detach(hook);
			note(hook, FALCON_HOOK_STATE_MISSING, "its module is not loaded");
		}
	}
	mutex_unlock(&hooks_lock);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_module,
};

int falcon_hooks_init(const struct falcon_hook_site *sites)
{
	unsigned int i;

	for (i = 0; i < FALCON_HOOKS; i++) {
		hooks[i].site = &sites[i];
		if (probe(&hooks[i]) == -ENOMEM)
			return -ENOMEM;
	}
	return register_module_notifier(&notifier);
}

void falcon_hooks_exit(void)
{
	unregister_module_notifier(&notifier);
}

bool falcon_hook_available(enum falcon_hook_id id)
{
	return falcon_hook_attached(id) ||
	       READ_ONCE(hooks[id].state) == FALCON_HOOK_STATE_PARKED;
}

bool falcon_hook_attached(enum falcon_hook_id id)
{
	return READ_ONCE(hooks[id].state) == FALCON_HOOK_STATE_ATTACHED;
}

void falcon_hook_show(enum falcon_hook_id id, struct falcon_hook_info *info)
{
	const struct hook *hook = &hooks[id];

	mutex_lock(&hooks_lock);
	info->symbol = hook->site->symbol;
	info->capability = hook->site->capability;
	info->required = hook->site->required;
	info->state = hook->state;
	strscpy(info->detail, hook->detail, sizeof(info->detail));
	mutex_unlock(&hooks_lock);
}
