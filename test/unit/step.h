/* SPDX-License-Identifier: GPL-2.0 */
/* The steps that the model checker tries: each is one critical section of reorder.c's users. */

#ifndef _STEP_H
#define _STEP_H

#include "world.h"

enum outcome { KEPT, DROPPED, MERGED };

enum kind { ARRIVE, POP, START, FINISH, CHANGE, LEAVE, FORGET, OPEN };

struct step {
	u8 kind, who;
	unsigned int what;
};

extern unsigned long step_refusals;	/* how often the ring was full */

void step_take(const struct step *step);

/* Number of runs at the front of the lane that directly follow each other. */
unsigned int step_front(const struct worker *worker);

#endif
