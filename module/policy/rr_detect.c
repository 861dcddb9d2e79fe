// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "policy/rr_detect.h"

bool falcon_rr_detect_see(struct falcon_rr_detect *rr_detect, u32 poll, u32 now, u32 window,
			  u32 most)
{
	/* The first packet begins the first window. */
	bool known = rr_detect->count;

	if (!known || now - rr_detect->since >= window) {
		if (known && rr_detect->windows < FALCON_RR_DETECT_WINDOWS)
			rr_detect->windows++;
		rr_detect->since = now;
		rr_detect->count = 0;
	}
	rr_detect->together = known && poll == rr_detect->poll ? rr_detect->together : 0;
	rr_detect->poll = poll;
	/* Both saturate once they are too many. */
	rr_detect->together = min(rr_detect->together + 1, FALCON_RR_DETECT_TOGETHER + 1);
	rr_detect->count = min(rr_detect->count + 1U, 0xffffU);
	if (rr_detect->together > FALCON_RR_DETECT_TOGETHER || rr_detect->count > most)
		rr_detect->windows = 0;
	return rr_detect->windows == FALCON_RR_DETECT_WINDOWS;
}
