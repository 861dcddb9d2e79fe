/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that were taken and go the kernel's path after all, as their flow has left: once the
 * NIC's poll that brought them is over. What it still brings of the flow must be behind them.
 *
 * Of one CPU, with BH off.
 */

#ifndef _FALCON_STRAY_H
#define _FALCON_STRAY_H

#include <linux/types.h>

#include "core/chain.h"

struct falcon_runner;

/* Flows that meet in a slot have the lowest bits of their hashes in common; these are the next. */
#define FALCON_STRAY_FLOWS 64
#define FALCON_STRAY_SHIFT 4

/* All members 0 when there are none. */
struct falcon_strays {
	struct falcon_chain	packets;
	/* Hashes of flows of which the poll may bring more; of two in one place the last. */
	u32			flows[FALCON_STRAY_FLOWS];
};

static inline unsigned int falcon_stray_index(u32 hash)
{
	return (hash >> FALCON_STRAY_SHIFT) % FALCON_STRAY_FLOWS;
}

/* The poll may bring more of a flow. Context: of the strays. */
static inline void falcon_strays_expect(struct falcon_strays *strays, u32 hash)
{
	strays->flows[falcon_stray_index(hash)] = hash;
}

/* Whether a packet of the flow is to be behind them. Context: of the strays. */
static inline bool falcon_strays_expected(const struct falcon_strays *strays, u32 hash)
{
	return unlikely(strays->packets.count) &&
	       strays->flows[falcon_stray_index(hash)] == hash;
}

/**
 * falcon_strays_receive() - let them go the kernel's path
 * @strays: the CPU's; empty then
 * @context: likewise, no packet in it
 *
 * Context: softirq, of the strays.
 */
void falcon_strays_receive(struct falcon_strays *strays, struct falcon_runner *runner);

#endif /* _FALCON_STRAY_H */
