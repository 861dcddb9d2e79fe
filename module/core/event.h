/* SPDX-License-Identifier: GPL-2.0 */
/* Notifications to user space: the multicast group "events". */

#ifndef _FALCON_EVENT_H
#define _FALCON_EVENT_H

#include <linux/types.h>
#include <uapi/linux/falcon.h>

struct falcon_index;
struct genl_family;

/* One notification. Members that do not apply are 0 or NULL. */
struct falcon_event_msg {
	enum falcon_event		event;
	const struct falcon_index	*device;	/* NULL, or a device with what follows */
	const char			*name;		/* the device's name */
	u8				stage;		/* enum falcon_stage, of the device */
	unsigned int			cpu;
	bool				has_cpu;
	const char			*reason;
};

/**
 * falcon_events_open() - send events from now on
 * @family: the registered family
 * @events: index of its group "events"
 *
 * Context: process.
 */
void falcon_events_open(const struct genl_family *family, unsigned int events);

/* Send no events from now on. On return none is being sent. Context: process. */
void falcon_events_close(void);

/* Send an event to the group. Without a family or memory the event is lost. Context: process. */
void falcon_event_send(const struct falcon_event_msg *msg);

#endif /* _FALCON_EVENT_H */
