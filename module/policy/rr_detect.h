/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which flows are short requests and responses: their packets come singly, as the next one waits
 * for an answer to the one before, while bulk comes many at a time.
 *
 * Pure: no kernel state; compiled into the unit tests as it is.
 */

#ifndef _FALCON_RR_DETECT_H
#define _FALCON_RR_DETECT_H

#include <linux/types.h>

/* Packets that one poll of the NIC may bring of such a flow: a request may be of several. */
#define FALCON_RR_DETECT_TOGETHER 4

/* Windows in a row, of those in which it had packets, after which a flow is known to be one. */
#define FALCON_RR_DETECT_WINDOWS 10

/* How packets of a flow come; zero at first. */
struct falcon_rr_detect {
	u32	poll;		/* number of the one that brought the last packet */
	u32	since;		/* when the window began */
	u16	count;		/* packets in the window */
	u8	together;	/* packets that the poll brought */
	u8	windows;	/* in a row in which they came singly */
};

/**
 * falcon_rr_detect_see() - a packet of a flow comes
 * @habit: the flow's
 * @poll: number of the NIC's poll
 * @now: a clock
 * @window: length of a window by that clock
 * @most: packets in a window above which a flow is bulk
 *
 * Bulk is told by its first packet that is one too many.
 *
 * Context: any, one at a time. Return: whether the flow is short requests and responses.
 */
bool falcon_rr_detect_see(struct falcon_rr_detect *rr_detect, u32 poll, u32 now, u32 window,
			  u32 most);

#endif /* _FALCON_RR_DETECT_H */
