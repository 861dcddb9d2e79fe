// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches and detaches the handlers of a table of sites through ftrace, and keeps the state of
 * each hook. falcon_hooks_init() receives the table: this file names no handler.
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

/* Attempts while ftrace returns -EAGAIN; each takes a jiffy or two: half a second in all. */
#define ATTACH_TRIES 100

static DEFINE_MUTEX(hooks_lock);	/* innermost lock, apart from ftrace's own */
static bool hooks_wanted;		/* between a successful attach and detach */
static u8 parked;			/* BIT(mode) while hooks are parked, else 0 */
static struct hook hooks[FALCON_HOOKS];

static void note(struct hook *hook, enum falcon_hook_state state, const char *detail)
{
	hook->state = state;
	strscpy(hook->detail, detail, sizeof(hook->detail));
}

/* Build ftrace's filter for the function, if this kernel has it. */
static int find(struct hook *hook)
{
	char symbol[64];
	int err;

	/*
	 * Initialise everything again: ftrace_free_filter() leaves dangling pointers in ops.
	 * Without PERMANENT, `sysctl kernel.ftrace_enabled=0` would remove the hook silently.
	 */
	hook->ops = (struct ftrace_ops) {
		.func	= hook->site->handler,
		.flags	= FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
	};
	strscpy(symbol, hook->site->symbol, sizeof(symbol));	/* ftrace may write to it */
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
 * If a BPF program is attached to the function, its trampoline must agree to share the function.
 * While somebody attaches or detaches such a program, ftrace cannot ask the trampoline: it sleeps
 * for a millisecond and returns -EAGAIN.
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
	/* A parked hook keeps its filter, since building one takes much longer than using it. */
	err = hook->state == FALCON_HOOK_STATE_PARKED ? 0 : find(hook);
	if (err)
		goto free;
	err = register_when_free(&hook->ops);
	/* The filter is empty: ftrace_set_filter() had no memory for its entry and hid that. */
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

static void park(struct hook *hook)
{
	if (hook->state != FALCON_HOOK_STATE_ATTACHED)
		return;
	unregister_ftrace_function(&hook->ops);
	note(hook, FALCON_HOOK_STATE_PARKED, "");
}

static void detach(struct hook *hook)
{
	park(hook);
	if (hook->state != FALCON_HOOK_STATE_PARKED)
		return;
	ftrace_free_filter(&hook->ops);
	note(hook, FALCON_HOOK_STATE_DETACHED, "");
}

/* The index at which the hooks of the next capability begin. */
static unsigned int end_of(unsigned int first)
{
	unsigned int end = first;

	while (end < FALCON_HOOKS &&
	       !strcmp(hooks[end].site->capability, hooks[first].site->capability))
		end++;
	return end;
}

/*
 * True if falcon must not be enabled without the capability. A lack of memory counts, too: the
 * capability may be there at the next attempt. If falcon is enabled already, its hooks return from
 * being parked: then it continues without the capability.
 */
static bool is_needed(unsigned int first, int err)
{
	return !hooks_wanted && (hooks[first].site->required || err == -ENOMEM);
}

/*
 * Attach all hooks of the capability that begins at @first, or none. @extack: gets the hook that
 * cannot be attached, if the capability is needed.
 */
static int attach_capability(unsigned int first, struct netlink_ext_ack *extack)
{
	unsigned int i, end = end_of(first);
	const struct hook *failed;
	int err = 0;

	for (i = first; i < end && !err; i++)
		err = attach(&hooks[i]);
	if (!err)
		return 0;
	failed = &hooks[i - 1];
	if (is_needed(first, err))
		NL_SET_ERR_MSG_FMT(extack, "%s: %s", failed->site->symbol, failed->detail);
	/* It is normal that a driver's module is not loaded: do not log that. */
	else if (!failed->site->module || err != -ENOENT)
		pr_info("%s: %s; going without %s\n", failed->site->symbol, failed->detail,
			hooks[first].site->capability);
	for (i = first; i < end; i++)
		detach(&hooks[i]);
	return err;
}

static int attach_all(struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < FALCON_HOOKS; i = end_of(i)) {
		err = attach_capability(i, extack);
		if (err && is_needed(i, err))
			return err;
	}
	return 0;
}

static bool some_parked(unsigned int first)
{
	unsigned int i;

	for (i = first; i < end_of(first); i++)
		if (hooks[i].state == FALCON_HOOK_STATE_PARKED)
			return true;
	return false;
}

/*
 * Backwards through the table: the entries go first, so that no new packet enters falcon's code.
 * Then the functions go that packets further along need.
 */
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
			park(&hooks[i]);
	mutex_unlock(&hooks_lock);
}

void falcon_hooks_unpark(void)
{
	unsigned int i;

	mutex_lock(&hooks_lock);
	parked = 0;
	for (i = 0; i < FALCON_HOOKS; i = end_of(i))
		if (some_parked(i))
			attach_capability(i, NULL);
	mutex_unlock(&hooks_lock);
}

/* A module with a hooked function is loaded, or is unloaded together with the function. */
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
			park(hook);
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
