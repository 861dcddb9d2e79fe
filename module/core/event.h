/* SPDX-License-Identifier: GPL-2.0 */
/* What user space is told unasked: the multicast group "events". */

#ifndef _FALCON_EVENT_H
#define _FALCON_EVENT_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

struct falcon_index;
struct genl_family;

/* What a notification tells, where it applies. */
struct falcon_event_msg {
	enum falcon_event		event;
	const struct falcon_index	*device;	/* with what follows, or NULL */
	const char			*name;		/* of it */
	u8				stage;		/* enum falcon_stage; that it ends */
	unsigned int			cpu;
	bool				has_cpu;
	const char			*reason;
};

/**
 * falcon_events_open() - send notices from now on
 * @family: registered, with the group "events"
 *
 * Context: process.
 */
void falcon_events_open(const struct genl_family *family);

/* The family goes: none is being sent on return, none will be. Context: process. */
void falcon_events_close(void);

/* Tell the group. Without a family or memory nobody is told. Context: process. */
void falcon_event_send(const struct falcon_event_msg *msg);

#endif /* _FALCON_EVENT_H */
