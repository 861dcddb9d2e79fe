/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Strays are packets that were taken although their flow had left. They take the kernel's path once
 * the NIC's poll that brought them is over. Packets of the flow that the poll brings later stay
 * behind them.
 *
 * Each CPU has its own, and touches them with BH off.
 */

#ifndef _FALCON_STRAY_H
#define _FALCON_STRAY_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "core/chain.h"

struct falcon_runner;

/* Flows that share a bin have the lowest bits of their hashes in common; so use the next bits. */
#define FALCON_STRAY_FLOWS 64
#define FALCON_STRAY_SHIFT 4

/* All members 0 when there are none. */
struct falcon_strays {
	struct falcon_chain	packets;
	/*
	 * Hashes of flows of which the poll may bring more: each at its index, or in the first free
	 * slot behind. One poll of a NIC takes 64 packets, so it rarely evicts more flows than
	 * there are slots; packets of a flow more may overtake its strays.
	 */
	u32			flows[FALCON_STRAY_FLOWS];
};

/* The index of the flow's slot, or of a free one; FALCON_STRAY_FLOWS if there is neither. */
static inline unsigned int falcon_stray_index(const struct falcon_strays *strays, u32 hash)
{
	unsigned int i, index;

	for (i = 0; i < FALCON_STRAY_FLOWS; i++) {
		index = ((hash >> FALCON_STRAY_SHIFT) + i) % FALCON_STRAY_FLOWS;
		if (!strays->flows[index] || strays->flows[index] == hash)
			return index;
	}
	return FALCON_STRAY_FLOWS;
}

/* Note that the poll may bring more packets of a flow. Context: of the strays. */
static inline void falcon_strays_expect(struct falcon_strays *strays, u32 hash)
{
	unsigned int index = falcon_stray_index(strays, hash);

	if (index < FALCON_STRAY_FLOWS)
		strays->flows[index] = hash;
}

/* True if a packet of the flow must stay behind the strays. Context: of the strays. */
static inline bool falcon_strays_expected(const struct falcon_strays *strays, u32 hash)
{
	unsigned int index;

	if (likely(!strays->packets.count))
		return false;
	index = falcon_stray_index(strays, hash);
	return index < FALCON_STRAY_FLOWS && strays->flows[index] == hash;
}

/**
 * falcon_strays_receive() - let all strays take the kernel's path
 * @strays: the CPU's; empty on return
 * @runner: the CPU's, without packets
 *
 * Context: softirq, of the strays.
 */
void falcon_strays_receive(struct falcon_strays *strays, struct falcon_runner *runner);

#endif /* _FALCON_STRAY_H */
