// SPDX-License-Identifier: GPL-2.0
/*
 * How a function is redirected: ftrace calls our handler at its entry, the handler decides
 * with the function's own arguments, and either leaves everything as it is, so that the
 * original runs, or sets the instruction pointer to a replacement (as livepatch does). The
 * original is never called from here: a static function whose address nobody takes is no
 * valid target of an indirect call on a kernel with IBT.
 *
 * No recursion guard is held while a handler decides: nothing that it calls enters a hooked
 * function, and livepatch warns when it meets a held one.
 *
 * get_rps_cpu		the kernel's own question "which CPU?", put at every hand-over between
 *			stages (netif_receive_skb*(), netif_rx()), in an RCU read section
 * gro_cells_receive	the tunnels' hand-over to a queue of their own, put in softirq
 */

#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/netdevice.h>
#include <net/gro_cells.h>
#include <net/rps.h>

#include "hook.h"
#include "steer.h"

struct hook {
	const char		*symbol;
	const char		*capability;
	bool			required;
	ftrace_func_t		handler;
	struct ftrace_ops	ops;
	enum falcon_hook_state	state;
	char			detail[128];
};

static void notrace redirect(struct ftrace_regs *fregs, const void *replacement)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)replacement);
}

/* Stands in for get_rps_cpu(): the handler has put the answer where the device was. */
static noinline int answer_cpu(long cpu)
{
	return cpu;
}

static void notrace on_get_rps_cpu(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct net_device *dev = (void *)ftrace_regs_get_argument(fregs, 0);
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);
	struct rps_dev_flow **rflow = (void *)ftrace_regs_get_argument(fregs, 2);
	int cpu = falcon_steer(dev, skb, rflow);

	if (cpu == FALCON_STEER_PASS)
		return;
	falcon_ftrace_set_argument(fregs, (long)cpu);
	redirect(fregs, answer_cpu);
}

/* Stands in for gro_cells_receive(). */
static noinline int receive_past_cell(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_steer_past_cell(skb);
}

static void notrace on_gro_cells_receive(unsigned long ip, unsigned long parent_ip,
					 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);

	if (falcon_steer_passes_cell(skb))
		redirect(fregs, receive_past_cell);
}

static struct hook hooks[FALCON_HOOKS] = {
	[FALCON_HOOK_STEER] = {
		.symbol		= "get_rps_cpu",
		.capability	= "steering",
		.required	= true,
		.handler	= on_get_rps_cpu,
	},
	[FALCON_HOOK_CELL] = {
		.symbol		= "gro_cells_receive",
		.capability	= "nic-split",
		.handler	= on_gro_cells_receive,
	},
};

static void note(struct hook *hook, enum falcon_hook_state state, const char *detail)
{
	hook->state = state;
	strscpy(hook->detail, detail, sizeof(hook->detail));
}

/* Make ftrace's filter, if there is such a function. */
static int find(struct hook *hook)
{
	char symbol[64];

	/*
	 * From scratch each time: ftrace_free_filter() leaves pointers to what it freed.
	 * PERMANENT, or `sysctl kernel.ftrace_enabled=0` would take the hook away unseen.
	 */
	hook->ops = (struct ftrace_ops) {
		.func	= hook->handler,
		.flags	= FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
	};
	strscpy(symbol, hook->symbol, sizeof(symbol));	/* ftrace wants to write there */
	if (!ftrace_set_filter(&hook->ops, symbol, strlen(symbol), 1))
		return 0;
	note(hook, FALCON_HOOK_STATE_MISSING,
	     "this kernel has no such function that ftrace can hook");
	return -ENOENT;
}

void falcon_hooks_probe(void)
{
	unsigned int i;

	for (i = 0; i < FALCON_HOOKS; i++) {
		find(&hooks[i]);
		ftrace_free_filter(&hooks[i].ops);
	}
}

static int attach(struct hook *hook)
{
	int err;

	err = find(hook);
	if (err)
		goto free;
	err = register_ftrace_function(&hook->ops);
	if (err == -EBUSY) {
		note(hook, FALCON_HOOK_STATE_CONFLICT,
		     "taken by another (a livepatch?), or kernel.ftrace_enabled=0");
		goto free;
	}
	if (err) {
		note(hook, FALCON_HOOK_STATE_FAILED, "ftrace refused");
		goto free;
	}
	note(hook, FALCON_HOOK_STATE_ATTACHED, "");
	return 0;

free:
	ftrace_free_filter(&hook->ops);
	return err;
}

static void detach(struct hook *hook)
{
	if (hook->state != FALCON_HOOK_STATE_ATTACHED)
		return;
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
	note(hook, FALCON_HOOK_STATE_DETACHED, "");
}

/* All hooks of the capability that @first begins, or none. */
static int attach_capability(unsigned int first, unsigned int *next)
{
	unsigned int i, end = first;
	int err = 0;

	while (end < FALCON_HOOKS && !strcmp(hooks[end].capability, hooks[first].capability))
		end++;
	*next = end;
	for (i = first; i < end && !err; i++)
		err = attach(&hooks[i]);
	if (err)
		for (i = first; i < end; i++)
			detach(&hooks[i]);
	return err;
}

int falcon_hooks_attach(struct netlink_ext_ack *extack)
{
	unsigned int i, next;
	int err;

	for (i = 0; i < FALCON_HOOKS; i = next) {
		err = attach_capability(i, &next);
		if (!err)
			continue;
		if (hooks[i].required) {
			NL_SET_ERR_MSG_FMT(extack, "%s: %s", hooks[i].symbol, hooks[i].detail);
			falcon_hooks_detach();
			return err;
		}
		pr_info("%s: %s; going without %s\n", hooks[i].symbol, hooks[i].detail,
			hooks[i].capability);
	}
	return 0;
}

/* The questions first that need an answer, then the entry: order of the table, backwards. */
void falcon_hooks_detach(void)
{
	unsigned int i;

	for (i = FALCON_HOOKS; i-- > 0;)
		detach(&hooks[i]);
}

bool falcon_hook_attached(enum falcon_hook_id id)
{
	return READ_ONCE(hooks[id].state) == FALCON_HOOK_STATE_ATTACHED;
}

void falcon_hook_show(enum falcon_hook_id id, struct falcon_hook_info *info)
{
	const struct hook *hook = &hooks[id];

	info->symbol = hook->symbol;
	info->capability = hook->capability;
	info->required = hook->required;
	info->state = hook->state;
	info->detail = hook->detail[0] ? hook->detail : NULL;
}
