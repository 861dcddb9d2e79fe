/* SPDX-License-Identifier: GPL-2.0 */
/* Frames by chance, from right ones to wrong ones; the same ones for the same seed. */
#ifndef FALCON_FRAME_H
#define FALCON_FRAME_H

#include <stdint.h>

#define FRAME_MAX	1514
#define FRAME_PIECES	4
#define FRAME_SINKS	4	/* ports from the first one on that somebody listens to */

/* Who sends to whom, outside and inside of the tunnel. */
struct frame_ends {
	uint8_t mac[2][6];
	uint8_t v4[2][4];
	uint8_t v6[2][16];
};

struct frame_plan {
	struct frame_ends outer, inner;
	uint16_t port;
	uint32_t seed;
	uint32_t made;		/* packets so far */
};

struct frame {
	uint32_t size;
	uint8_t bytes[FRAME_MAX];
};

/* The next packet, in up to FRAME_PIECES frames. Returns how many. */
uint32_t frame_make(struct frame_plan *plan, struct frame *frames);

#endif
