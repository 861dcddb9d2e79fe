// SPDX-License-Identifier: GPL-2.0

#include <linux/sched/clock.h>

#include "host/netdev.h"
#include "lanes/ring.h"

/* How often to read the poll's counters at most, while it makes no room. */
#define ASK_NS (50 * NSEC_PER_USEC)

void falcon_ring_look(struct falcon_ring *ring, struct net_device *dev, unsigned int count)
{
	u64 now;

	if (unlikely(ring->dev != dev))
		falcon_ring_init(ring, dev);
	if (likely(!falcon_ring_is_tight(ring, count)))
		return;
	if (!falcon_device_is_polled(dev)) {
		falcon_ring_emptied(ring);
		return;
	}
	now = local_clock();
	if (falcon_ring_room(ring) < FALCON_RING_LOW && now - ring->asked >= ASK_NS) {
		ring->asked = now;
		falcon_ring_counted(ring, falcon_device_taken(dev));
	}
}
