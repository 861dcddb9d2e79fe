/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's share of the ring of a container's device (veth in NAPI mode), as the delivering CPU
 * knows it. Only the counters of the ring's poll tell how full the ring is, and reading them is
 * slow. Between two readings all packets that were there or were delivered since count as there.
 *
 * Pure but for falcon_ring_look(): the unit tests compile it as it is.
 */

#ifndef _FALCON_RING_H
#define _FALCON_RING_H

#include <linux/kernel.h>
#include <linux/types.h>

struct net_device;

/* Packets of a flow in the ring at most: half of veth's ring. */
#define FALCON_RING_SHARE 128

/* A flow that has found no room waits until there is room for so many packets. */
#define FALCON_RING_LOW (FALCON_RING_SHARE / 2)

struct falcon_ring {
	const struct net_device	*dev;	/* that transmits into the ring; compared only */
	u64			taken;	/* packets that the poll had taken at the last reading */
	u64			asked;	/* local_clock() of that */
	unsigned int		left;	/* packets of ours that may have been there then */
	unsigned int		since;	/* packets delivered since */
	bool			counted;	/* @taken is known */
	bool			waits;	/* for FALCON_RING_LOW */
};

static inline void falcon_ring_init(struct falcon_ring *ring, const struct net_device *dev)
{
	*ring = (struct falcon_ring){ .dev = dev };
}

/* Packets that fit into the share for certain. */
static inline unsigned int falcon_ring_room(const struct falcon_ring *ring)
{
	return FALCON_RING_SHARE - ring->left - ring->since;
}

/* True if @count packets may not fit: look at the ring before. */
static inline bool falcon_ring_is_tight(const struct falcon_ring *ring, unsigned int count)
{
	return ring->waits || count > falcon_ring_room(ring);
}

/* The ring was seen empty, so the count of packets taken until then does not matter. */
static inline void falcon_ring_emptied(struct falcon_ring *ring)
{
	ring->left = 0;
	ring->since = 0;
	ring->counted = false;
	ring->waits = false;
}

/*
 * The poll has taken @taken packets so far, and the ring was not seen empty. Those taken since the
 * last reading may all have been there before it. So they reduce @left, and @since is all there.
 */
static inline void falcon_ring_counted(struct falcon_ring *ring, u64 taken)
{
	u64 more = ring->counted ? taken - ring->taken : 0;

	ring->left = (more < ring->left ? ring->left - more : 0) + ring->since;
	ring->since = 0;
	ring->taken = taken;
	ring->counted = true;
	ring->waits = falcon_ring_room(ring) < FALCON_RING_LOW;
}

/**
 * falcon_ring_take() - take room for packets to deliver
 * @ring: the share
 * @count: packets
 *
 * A flow that has found no room gets none until there is room for many: for a few at a time, the
 * counters would be read for each few.
 *
 * Return: packets that may be delivered; they count as in the ring from now on.
 */
static inline unsigned int falcon_ring_take(struct falcon_ring *ring, unsigned int count)
{
	unsigned int room = falcon_ring_room(ring);

	ring->waits |= count > room && room < FALCON_RING_LOW;
	if (ring->waits)
		return 0;
	count = count < room ? count : room;
	ring->since += count;
	return count;
}

/**
 * falcon_ring_look() - look how full the ring is, if necessary
 * @ring: the share
 * @dev: device that transmits into the ring
 * @count: packets to deliver
 *
 * Looks only if there may be no room for @count: the counters are a sum over all CPUs and queues.
 *
 * Context: softirq.
 */
void falcon_ring_look(struct falcon_ring *ring, struct net_device *dev, unsigned int count);

#endif /* _FALCON_RING_H */
