/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks redirect functions of the kernel while falcon is enabled. sites.c has the table of these
 * functions and their handlers; hook.c attaches and detaches the handlers through ftrace.
 */

#ifndef _FALCON_HOOK_H
#define _FALCON_HOOK_H

#include <linux/ftrace.h>
#include <linux/netlink.h>
#include <uapi/linux/falcon.h>

enum falcon_hook_id {
	FALCON_HOOK_STEER,
	FALCON_HOOK_GRO_CELL,
	FALCON_HOOK_TRANSMIT,
	FALCON_HOOK_MACVLAN,
	FALCON_HOOK_IPVLAN,
	FALCON_HOOK_MERGE,
	FALCON_HOOK_INGRESS,
	FALCON_HOOK_FRAGS,
	FALCON_HOOKS,
};

#define FALCON_HOOK_DETAIL 128	/* bytes, the terminating NUL included */

/* A function of the kernel, and the handler that ftrace calls at its entry. */
struct falcon_hook_site {
	const char		*symbol;
	const char		*capability;
	const char		*module;	/* has the function; NULL: built into the kernel */
	bool			required;	/* falcon cannot be enabled without it */
	u8			parks;	/* modes in which it may be parked, as BIT(mode) */
	ftrace_func_t		handler;
};

/* A hook as status-get reports it. */
struct falcon_hook_info {
	const char		*symbol;
	const char		*capability;
	bool			required;
	enum falcon_hook_state	state;
	char			detail[FALCON_HOOK_DETAIL];	/* why, or empty */
};

/**
 * falcon_hooks_init() - look for the functions, and follow modules that come and go
 * @sites: array of FALCON_HOOKS entries; used until falcon_hooks_exit()
 *
 * Attaches nothing. A missing function is no error: its hook gets the state "missing", so that
 * status-get can report it before falcon is enabled for the first time.
 *
 * Context: process. Return: 0 or an error.
 */
int falcon_hooks_init(const struct falcon_hook_site *sites);

/* Stop following modules. Context: process; no hook is attached. */
void falcon_hooks_exit(void);

/**
 * falcon_hooks_attach() - redirect the functions
 * @extack: receives the name of the function that makes the call fail, and the reason
 *
 * Each capability gets all of its hooks or none. The call fails, and leaves no hook attached, if a
 * required capability fails or if any capability fails for lack of memory. Otherwise falcon does
 * without the capabilities that fail.
 *
 * Context: process, under the control mutex.
 * Return: 0; -ENOENT, no such function; -EBUSY, somebody else redirects the function or ftrace is
 * switched off; -ENOMEM; or another error of ftrace's.
 */
int falcon_hooks_attach(struct netlink_ext_ack *extack);

/*
 * Give all functions back to the kernel. Packets may still be in a replacement on return:
 * synchronize_net() waits for those. Context: process, under the control mutex.
 */
void falcon_hooks_detach(void);

/*
 * Park the hooks that a mode does not need while no flow is in lanes: detach them, but keep their
 * filters. Context: process; no packet is in a lane, and none enters one before
 * falcon_hooks_unpark().
 */
void falcon_hooks_park(enum falcon_mode mode);

/*
 * Attach the parked hooks again. If one cannot be attached any more, its whole capability is
 * detached, and falcon does without it until it is enabled again. Context: process.
 */
void falcon_hooks_unpark(void);

/* True if a hook is attached or parked. Context: any. */
bool falcon_hook_available(enum falcon_hook_id id);

/* True if a hook is attached at this moment. Context: any. */
bool falcon_hook_attached(enum falcon_hook_id id);

/* Report the state of a hook. Context: process. */
void falcon_hook_show(enum falcon_hook_id id, struct falcon_hook_info *info);

#endif /* _FALCON_HOOK_H */
