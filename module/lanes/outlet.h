/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where flows leave lanes: the devices that their merged packets have come to. A device that goes
 * costs what the flows that have packets for it do, and nothing when there is none.
 */

#ifndef _FALCON_OUTLET_H
#define _FALCON_OUTLET_H

#include <linux/err.h>
#include <linux/list.h>
#include <linux/types.h>

struct net_device;

/* In place of a device: more than one. */
#define FALCON_OUTLET_SEVERAL ((const struct net_device *)ERR_PTR(-EMLINK))

/*
 * A flow's. Written under its lock, then that of the list; the device is compared and never
 * followed.
 */
struct falcon_outlet {
	struct list_head	node;
	const struct net_device	*dev;	/* NULL: none */
	u32			walk;	/* number of the one that has met it last */
};

/* Context: process; before any other. */
void falcon_outlets_init(void);

void falcon_outlet_init(struct falcon_outlet *outlet);

/* The flow has packets for this device and for no other; NULL: for none. Context: BH off. */
void falcon_outlet_set(struct falcon_outlet *outlet, const struct net_device *dev);

/* Whether a flow may have packets for a device. Context: process or BH. */
bool falcon_outlet_is_used(const struct net_device *dev);

/**
 * falcon_outlet_next() - a flow that may have packets for a device
 * @dev: the device, or FALCON_OUTLET_SEVERAL
 * @walk: number that no other walk has, and not 0
 * @get: takes a reference, returns false when the flow goes already
 *
 * Each flow is met in a walk, and again when it has got another device meanwhile.
 *
 * Context: BH off. Return: the outlet of a flow that @get has taken, or NULL.
 */
struct falcon_outlet *falcon_outlet_next(const struct net_device *dev, u32 walk,
					 bool (*get)(struct falcon_outlet *outlet));

#endif /* _FALCON_OUTLET_H */
