/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Detects flows of short requests and responses (rr). Their packets come singly, as the next one
 * waits for an answer to the one before. Packets of bulk come many at a time.
 *
 * Pure: no kernel state; compiled into the unit tests as it is.
 */

#ifndef _FALCON_RR_DETECT_H
#define _FALCON_RR_DETECT_H

#include <linux/types.h>

/* Packets of such a flow in one poll of the NIC, at most: a request may have several. */
#define FALCON_RR_DETECT_TOGETHER 4

/*
 * Windows in a row after which a flow is known to be such. A window without packets does not count.
 */
#define FALCON_RR_DETECT_WINDOWS 10

/* How the packets of a flow come; all members are 0 at first. */
struct falcon_rr_detect {
	u32	poll;		/* number of the poll that brought the last packet */
	u32	since;		/* when the window began */
	u16	count;		/* packets in the window */
	u8	together;	/* packets that this poll brought */
	u8	windows;	/* in a row in which packets came singly */
};

/**
 * falcon_rr_detect_see() - note a packet of a flow
 * @rr_detect: the flow's
 * @poll: number of the NIC's poll
 * @now: a clock
 * @window: length of a window by that clock
 * @most: packets in a window above which a flow is bulk
 *
 * The first packet that is one too many shows that a flow is bulk.
 *
 * Context: any, one at a time.
 * Return: true if the flow is short requests and responses.
 */
bool falcon_rr_detect_see(struct falcon_rr_detect *rr_detect, u32 poll, u32 now, u32 window,
			  u32 most);

#endif /* _FALCON_RR_DETECT_H */
