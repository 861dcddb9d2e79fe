/* SPDX-License-Identifier: GPL-2.0 */
/* Packets with consecutive numbers, for the tests of chain.c and reorder.c. */

#ifndef _SERIES_H
#define _SERIES_H

#include "lanes/reorder.h"
#include "unit.h"

/* More than any case needs, so ASan detects an access behind the last packet. */
#define PACKETS ((FALCON_RUNS + 1) * 2 * FALCON_RUN_MAX)

struct packet {
	struct sk_buff skb;
	unsigned int number;
};

extern struct packet *series_packets;
extern unsigned int series_used;	/* the number of the next packet */

/* Around each case: a new series, whose first packet is 0. Return: 0, or -1 without memory. */
int series_begin(void);
void series_end(void);

/* Memory of packet @number; all packets differ. */
u32 series_memory_of(unsigned int number);

/* Memory of @count packets from @first on. */
u32 series_memory(unsigned int first, unsigned int count);

/* The next @count packets, with consecutive numbers. */
struct falcon_chain series_chain(unsigned int count);

unsigned int series_number(const struct sk_buff *skb);

/* Assert that @chain has exactly the @count packets from @first on. */
void series_expect(const struct falcon_chain *chain, unsigned int first, unsigned int count);

#endif
