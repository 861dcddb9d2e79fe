/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to falcon made by chance from its specification, right ones and wrong ones. */
#ifndef FALCON_GRAMMAR_H
#define FALCON_GRAMMAR_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

/* A NUL of a list of CPUs too long, twice, and more. */
#define GRAMMAR_MAX 16384

struct grammar {
	uint32_t seed;
	uint16_t family;
	uint32_t switches;		/* one message in so many enables or disables */
	bool is_list[256];		/* the operations that are dumped */

	/* The message made last. */
	union {
		struct nlmsghdr header;
		uint8_t bytes[GRAMMAR_MAX];
	} message;
	uint32_t size;			/* bytes to be sent, whatever its header says */
};

/* Begin a message by hand. */
void grammar_begin(struct grammar *g, uint8_t op, uint16_t flags, uint32_t seq);

/* Make the next one by chance. */
void grammar_make(struct grammar *g, uint32_t seq);

/* Whether netlink itself sees a message, which it must answer then. */
bool grammar_is_framed(const struct grammar *g);

/* The operation that the message is about. */
uint8_t grammar_op(const struct grammar *g);

/* A chance of one in @n. */
bool grammar_one_in(struct grammar *g, uint32_t n);

#endif
