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
 * veth_xmit		what a veth does with a packet, the merge point when it has NAPI
 * macvlan_handle_frame	where these receive what the device below them got, without a queue: the
 * ipvlan_handle_frame	merge point for them
 * enqueue_to_backlog	the hand-over to a CPU's backlog, the merge point otherwise
 * napi_gro_receive	GRO's entries, where packets leave the driver: the intake
 * napi_gro_frags
 */

#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <net/gro.h>
#include <net/gro_cells.h>
#include <net/rps.h>

#include "cell.h"
#include "context.h"
#include "hook.h"
#include "intake.h"
#include "netdev.h"
#include "place.h"
#include "steer.h"

struct hook {
	const char		*symbol;
	const char		*capability;
	const char		*module;	/* that has the function; NULL for the kernel */
	bool			required;
	u8			rests;	/* modes that need it only while flows are in lanes */
	ftrace_func_t		handler;
	struct ftrace_ops	ops;
	enum falcon_hook_state	state;
	char			detail[FALCON_HOOK_DETAIL];
};

/*
 * What a handler tells the replacement. The arguments stay the kernel's own: a BPF program at the
 * function's entry runs between the two, and reads them.
 *
 * Handler and replacement run on one CPU, with BH or interrupts off. So only an interrupt, whose
 * driver may call netif_rx(), can have a handler run in between: it has a word of its own. Another
 * does not interrupt it, and what cannot be masked calls no hooked function.
 */
static DEFINE_PER_CPU(u32 [2], told);

static __always_inline void tell(u32 word)
{
	__this_cpu_write(told[!!in_hardirq()], word);
}

static __always_inline u32 what_was_told(void)
{
	return __this_cpu_read(told[!!in_hardirq()]);
}

static void notrace redirect(struct ftrace_regs *fregs, const void *replacement)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)replacement);
}

/* Stands in for get_rps_cpu(): the handler has told it the answer. */
static noinline int answer_cpu(void)
{
	return what_was_told();
}

static void notrace on_get_rps_cpu(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct net_device *dev = (void *)ftrace_regs_get_argument(fregs, 0);
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);
	struct rps_dev_flow **rflow = (void *)ftrace_regs_get_argument(fregs, 2);
	/* In a lane everything up to the merge point is done here. */
	int cpu = falcon_context_active() ? -1 : falcon_steer(dev, skb, rflow);

	if (cpu == FALCON_STEER_PASS)
		return;
	tell(cpu);
	redirect(fregs, answer_cpu);
}

/* Stands in for gro_cells_receive(): the handler has told it the epoch. */
static noinline int receive_past_cell(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_cell_pass(skb, what_was_told());
}

/* Likewise, in a lane. */
static noinline int receive_in_context(struct gro_cells *cells, struct sk_buff *skb)
{
	return falcon_context_cell(skb);
}

static void notrace on_gro_cells_receive(unsigned long ip, unsigned long parent_ip,
					 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);
	u32 epoch;

	/* A device that is down is for the original to drop. */
	if ((falcon_context_active() || falcon_context_delivers()) && skb->dev->flags & IFF_UP) {
		redirect(fregs, receive_in_context);
	} else if (falcon_steer_passes_cell(skb, &epoch)) {
		tell(epoch);
		redirect(fregs, receive_past_cell);
	}
}

/* Stands in for functions that answer 0 when all is well. */
static noinline int answer_success(void)
{
	BUILD_BUG_ON(NETDEV_TX_OK || NET_RX_SUCCESS);
	return 0;
}

static void notrace on_veth_xmit(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 0);
	struct net_device *dev = (void *)ftrace_regs_get_argument(fregs, 1);

	if (falcon_place_expected())
		falcon_place_see_sent(skb, dev);
	if (!falcon_context_active()) {
		if (falcon_context_delivers())
			falcon_context_transmit(skb, dev);
		return;
	}
	/* With TSO what it forwards goes to the backlog, see veth_skb_is_eligible_for_gro(). */
	if (falcon_context_transmit(skb, dev) && !(dev->features & NETIF_F_ALL_TSO) &&
	    falcon_context_merge(skb, FALCON_MERGE_POINT_TRANSMIT))
		redirect(fregs, answer_success);
}

/* Stands in for a device's rx_handler, which can be called again: its address is known. */
static noinline rx_handler_result_t handle(struct sk_buff **pskb)
{
	return falcon_context_handle(pskb);
}

static void notrace on_rx_handler(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (falcon_context_handles())
		redirect(fregs, handle);
}

static void notrace on_enqueue_to_backlog(unsigned long ip, unsigned long parent_ip,
					  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 0);
	int cpu = ftrace_regs_get_argument(fregs, 1);

	if (falcon_place_expected())
		falcon_place_see(skb, skb->dev);
	if (cpu != smp_processor_id())
		return;		/* RPS */
	if (falcon_context_merge(skb, FALCON_MERGE_POINT_BACKLOG) || falcon_context_follow(skb))
		redirect(fregs, answer_success);
}

/* Stands in for GRO's entries: the packet is in a lane. */
static noinline gro_result_t answer_consumed(void)
{
	return GRO_CONSUMED;
}

/* Likewise, when the packet's flow is to go into lanes, if it can. */
static noinline gro_result_t receive_climbing(struct falcon_gro *gro, struct sk_buff *skb)
{
	return falcon_intake_climb(gro, skb) ? GRO_CONSUMED : falcon_context_receive(gro, skb);
}

static noinline gro_result_t receive_frags_climbing(struct napi_struct *napi)
{
	return falcon_intake_climb_frags(napi) ? GRO_CONSUMED : falcon_context_receive_frags(napi);
}

/* Likewise, when the packet is to be processed now. */
static noinline gro_result_t receive_ahead(void)
{
	falcon_intake_go_ahead();
	return GRO_CONSUMED;
}

/* What the intake has said, @climbing standing in for GRO's entry when the flow may go up. */
static void notrace redirect_intake(struct ftrace_regs *fregs, enum falcon_intake_answer answer,
				    const void *climbing)
{
	if (answer == FALCON_INTAKE_PASS)
		return;
	if (answer == FALCON_INTAKE_TAKEN)
		redirect(fregs, answer_consumed);
	else if (answer == FALCON_INTAKE_CLIMB)
		redirect(fregs, climbing);
	else if (answer == FALCON_INTAKE_AHEAD)
		redirect(fregs, receive_ahead);
}

static void notrace on_gro_receive(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct falcon_gro *gro = (void *)ftrace_regs_get_argument(fregs, 0);
	struct sk_buff *skb = (void *)ftrace_regs_get_argument(fregs, 1);

	/* A lane's own GRO; a tunnel, whose packets come here from its GRO cell. */
	if (falcon_context_active() || falcon_device_is_virtual(skb->dev))
		return;
	redirect_intake(fregs, falcon_intake(gro, skb), receive_climbing);
}

static void notrace on_napi_gro_frags(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct napi_struct *napi = (void *)ftrace_regs_get_argument(fregs, 0);

	redirect_intake(fregs, falcon_intake_frags(napi), receive_frags_climbing);
}

/* How often ftrace may say -EAGAIN, each time after a jiffy or two: half a second. */
#define ATTACH_TRIES 100

static DEFINE_MUTEX(hooks_lock);	/* innermost but for ftrace's own */
static bool hooks_wanted;		/* attached, as far as that could be */
static u8 resting;			/* the mode in which hooks rest, or 0 */

#define MODE(name) BIT(FALCON_MODE_##name)

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
		.rests		= MODE(LANES),
		.handler	= on_gro_cells_receive,
	},
	/* From the way out to the way in, so that what comes in finds all of it. */
	[FALCON_HOOK_TRANSMIT] = {
		.symbol		= "veth_xmit",
		.capability	= "lanes-veth-napi",
		.module		= "veth",
		.rests		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_veth_xmit,
	},
	[FALCON_HOOK_MACVLAN] = {
		.symbol		= "macvlan_handle_frame",
		.capability	= "lanes-macvlan",
		.module		= "macvlan",
		.rests		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_rx_handler,
	},
	[FALCON_HOOK_IPVLAN] = {
		.symbol		= "ipvlan_handle_frame",
		.capability	= "lanes-ipvlan",
		.module		= "ipvlan",
		.rests		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_rx_handler,
	},
	[FALCON_HOOK_MERGE] = {
		.symbol		= "enqueue_to_backlog",
		.capability	= "lanes",
		.rests		= MODE(PIPELINE) | MODE(LANES),
		.handler	= on_enqueue_to_backlog,
	},
	[FALCON_HOOK_INTAKE] = {
		.symbol		= FALCON_GRO_ENTRY,
		.capability	= "lanes",
		.rests		= MODE(PIPELINE),
		.handler	= on_gro_receive,
	},
	[FALCON_HOOK_FRAGS] = {
		.symbol		= "napi_gro_frags",
		.capability	= "lanes-gro-frags",
		.rests		= MODE(PIPELINE),
		.handler	= on_napi_gro_frags,
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
	int err;

	/*
	 * From scratch each time: ftrace_free_filter() leaves pointers to what it freed.
	 * PERMANENT, or `sysctl kernel.ftrace_enabled=0` would take the hook away unseen.
	 */
	hook->ops = (struct ftrace_ops) {
		.func	= hook->handler,
		.flags	= FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
	};
	strscpy(symbol, hook->symbol, sizeof(symbol));	/* ftrace wants to write there */
	err = ftrace_set_filter(&hook->ops, symbol, strlen(symbol), 1);
	if (!err)
		return 0;
	if (err == -ENOMEM) {
		note(hook, FALCON_HOOK_STATE_FAILED, "no memory to look for it");
		return err;
	}
	note(hook, FALCON_HOOK_STATE_MISSING,
	     hook->module ? "its module is not loaded, or has none that ftrace can hook" :
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
	err = hook->state == FALCON_HOOK_STATE_RESTING ? 0 : find(hook);
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
	note(hook, FALCON_HOOK_STATE_RESTING, "");
}

static void detach(struct hook *hook)
{
	rest(hook);
	if (hook->state != FALCON_HOOK_STATE_RESTING)
		return;
	ftrace_free_filter(&hook->ops);
	note(hook, FALCON_HOOK_STATE_DETACHED, "");
}

/* Where the hooks of the next capability begin. */
static unsigned int end_of(unsigned int first)
{
	unsigned int end = first;

	while (end < FALCON_HOOKS && !strcmp(hooks[end].capability, hooks[first].capability))
		end++;
	return end;
}

/*
 * Whether nothing is enabled without: for want of memory, what could be there another time. What is
 * enabled already, its hooks coming back from rest, goes on without.
 */
static bool is_needed(unsigned int first, int err)
{
	return !hooks_wanted && (hooks[first].required || err == -ENOMEM);
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
	if (!is_needed(first, err) && !(hooks[i - 1].module && err == -ENOENT))
		pr_info("%s: %s; going without %s\n", hooks[i - 1].symbol, hooks[i - 1].detail,
			hooks[first].capability);
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
		NL_SET_ERR_MSG_FMT(extack, "%s: %s", hooks[i].symbol, hooks[i].detail);
		return err;
	}
	return 0;
}

static bool some_rest(unsigned int first)
{
	unsigned int i;

	for (i = first; i < end_of(first); i++)
		if (hooks[i].state == FALCON_HOOK_STATE_RESTING)
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
	resting = 0;
	detach_all();
	mutex_unlock(&hooks_lock);
}

void falcon_hooks_rest(enum falcon_mode mode)
{
	unsigned int i;

	mutex_lock(&hooks_lock);
	resting = BIT(mode);
	for (i = FALCON_HOOKS; i-- > 0;)
		if (hooks[i].rests & resting)
			rest(&hooks[i]);
	mutex_unlock(&hooks_lock);
}

void falcon_hooks_wake(void)
{
	unsigned int i;

	mutex_lock(&hooks_lock);
	resting = 0;
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
		if (!hook->module || strcmp(hook->module, module->name))
			continue;
		if (event == MODULE_STATE_LIVE && !hooks_wanted)
			probe(hook);
		else if (event == MODULE_STATE_LIVE && !attach(hook) && hook->rests & resting)
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

int falcon_hooks_init(void)
{
	unsigned int i;

	for (i = 0; i < FALCON_HOOKS; i++)
		if (probe(&hooks[i]) == -ENOMEM)
			return -ENOMEM;
	return register_module_notifier(&notifier);
}

void falcon_hooks_exit(void)
{
	unregister_module_notifier(&notifier);
}

bool falcon_hook_available(enum falcon_hook_id id)
{
	return falcon_hook_attached(id) ||
	       READ_ONCE(hooks[id].state) == FALCON_HOOK_STATE_RESTING;
}

bool falcon_hook_attached(enum falcon_hook_id id)
{
	return READ_ONCE(hooks[id].state) == FALCON_HOOK_STATE_ATTACHED;
}

void falcon_hook_show(enum falcon_hook_id id, struct falcon_hook_info *info)
{
	const struct hook *hook = &hooks[id];

	mutex_lock(&hooks_lock);
	info->symbol = hook->symbol;
	info->capability = hook->capability;
	info->required = hook->required;
	info->state = hook->state;
	strscpy(info->detail, hook->detail, sizeof(info->detail));
	mutex_unlock(&hooks_lock);
}
