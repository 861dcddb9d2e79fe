/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks redirect functions of the kernel while falcon is enabled. sites.c lists these functions and
 * has their handlers; hook.c attaches and detaches the handlers through ftrace.
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
	const char		*module;	/* that has the function; NULL for the kernel */
	bool			required;
	u8			parks;	/* modes that need it only while flows are in lanes */
	ftrace_func_t		handler;
};

/* What status-get tells of a hook. */
struct falcon_hook_info {
	const char		*symbol;
	const char		*capability;
	bool			required;
	enum falcon_hook_state	state;
	char			detail[FALCON_HOOK_DETAIL];	/* empty: nothing to say */
};

/**
 * falcon_hooks_init() - note which functions are missing, before anybody asks for them
 * @sites: FALCON_HOOKS of them; used until falcon_hooks_exit()
 *
 * Follows the modules that have some of the functions, too.
 *
 * Context: process. Return: 0 or an error.
 */
int falcon_hooks_init(const struct falcon_hook_site *sites);

/* Stop that; nothing is attached any more. Context: process. */
void falcon_hooks_exit(void);

/**
 * falcon_hooks_attach() - redirect the functions
 * @extack: gets the function that cannot be
 *
 * A capability has all of its hooks or none. Without one that is required nothing is
 * attached at all, nor when memory is all that one lacks.
 *
 * Context: process, under the control mutex.
 * Return: 0; -ENOENT, no such function; -EBUSY, somebody else redirects it or ftrace is
 * switched off; -ENOMEM; or another error of ftrace's.
 */
int falcon_hooks_attach(struct netlink_ext_ack *extack);

/*
 * Give the functions back. Packets may still be in a replacement when it returns:
 * synchronize_net() waits for those. Context: process, under the control mutex.
 */
void falcon_hooks_detach(void);

/*
 * Detach what is not needed in a mode while no flow is in lanes: it is parked. Context: process; no
 * packet is in a lane, and none goes there before falcon_hooks_unpark().
 */
void falcon_hooks_park(enum falcon_mode mode);

/*
 * Attach what rests. What cannot be any more takes its capability along, as in
 * falcon_hooks_attach(). Context: process.
 */
void falcon_hooks_unpark(void);

/* Whether a hook is attached, or would be if it were needed. Context: any. */
bool falcon_hook_available(enum falcon_hook_id id);

/* Whether a hook is attached. Context: any. */
bool falcon_hook_attached(enum falcon_hook_id id);

/* What became of a hook. Context: process. */
void falcon_hook_show(enum falcon_hook_id id, struct falcon_hook_info *info);

#endif /* _FALCON_HOOK_H */
