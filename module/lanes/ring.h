/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow's share of the ring of a container's device, as who delivers knows it. What is in the ring
 * can be seen by what its poll has counted alone, which is asked for seldom: between two answers it
 * is what there was, and all that was delivered since.
 *
 * Pure but for falcon_ring_look(): compiled into the unit tests as it is.
 */

#ifndef _FALCON_RING_H
#define _FALCON_RING_H

#include <linux/kernel.h>
#include <linux/types.h>

struct net_device;

/* Packets of a flow there at most: half of veth's ring. */
#define FALCON_RING_SHARE 128

/* Without room for what is to be delivered, it waits for as much. */
#define FALCON_RING_LOW (FALCON_RING_SHARE / 2)

struct falcon_ring {
	const struct net_device	*dev;	/* that transmits into it; compared only */
	u64			taken;	/* what the poll had taken when it was last asked */
	u64			asked;	/* when that was */
	unsigned int		left;	/* packets that may have been there then */
	unsigned int		since;	/* those that were delivered since */
	bool			counted;	/* @taken is known */
	bool			waits;	/* for room for many */
};

static inline void falcon_ring_init(struct falcon_ring *ring, const struct net_device *dev)
{
	*ring = (struct falcon_ring){ .dev = dev };
}

/* Packets that surely fit into the share. */
static inline unsigned int falcon_ring_room(const struct falcon_ring *ring)
{
	return FALCON_RING_SHARE - ring->left - ring->since;
}

/* Whether one has to look what is there before so many are delivered. */
static inline bool falcon_ring_is_tight(const struct falcon_ring *ring, unsigned int count)
{
	return ring->waits || count > falcon_ring_room(ring);
}

/* The ring was seen empty. What has been taken until then is not known, and need not be. */
static inline void falcon_ring_emptied(struct falcon_ring *ring)
{
	ring->left = 0;
	ring->since = 0;
	ring->counted = false;
	ring->waits = false;
}

/*
 * The poll has taken so many packets so far, and is not through with what there was. These may have
 * been others' that came before ours: what was delivered since the last answer may all be there.
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
 * falcon_ring_take() - packets are to be delivered
 * @ring: the share
 * @count: how many
 *
 * A few at a time would mean to ask for each few, so there is none until there is room for many.
 *
 * Return: how many may be, which are there from now on.
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
 * falcon_ring_look() - see what the ring has by now, if need be
 * @ring: the share
 * @dev: device that transmits into the ring
 * @count: packets that are to be delivered
 *
 * Only when there may be no room for them: to add up what all CPUs have counted takes long where
 * there are many.
 *
 * Context: softirq.
 */
void falcon_ring_look(struct falcon_ring *ring, struct net_device *dev, unsigned int count);

#endif /* _FALCON_RING_H */
