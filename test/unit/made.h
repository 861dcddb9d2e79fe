/* SPDX-License-Identifier: GPL-2.0 */
/* Random packets, whose flow is known by construction. The same seed gives the same packets. */

#ifndef _MADE_H
#define _MADE_H

#include "wire.h"

/* Never 0. */
extern u32 made_seed;

unsigned int made_below(unsigned int bound);
bool made_one_in(unsigned int n);

struct made {
	struct wire		wire;
	u16			type;
	struct falcon_key	flow;
	enum falcon_packet_kind	kind;
	unsigned int		firsts;
};

/* A well-formed packet, in any of the encapsulations. */
void made_packet(struct made *made);

/* Change or truncate it in one to four places. */
void made_damage(struct wire *wire);

#endif
