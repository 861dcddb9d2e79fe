/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel answers, which is there when the message has been sent. */
#ifndef FALCON_TALK_H
#define FALCON_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "grammar.h"

#define TALK_SILENT (-1)

struct talk {
	int fd;
	uint16_t family;
	/* Of the last exchange: the attributes of its first answer, and how many there were. */
	uint8_t reply[4096];
	size_t reply_size;
	uint32_t replies;
};

/* Connect, and find the family; the program ends when there is none. */
void talk_open(struct talk *talk);

/* Send what was made. Returns the error's number, 0 for none, or TALK_SILENT. */
int talk_exchange(struct talk *talk, const struct grammar *g);

#endif
