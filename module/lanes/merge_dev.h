/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where flows leave lanes: the devices that their merged packets have come to. A device that goes
 * costs what the flows that have packets for it do, and nothing when there is none.
 */

#ifndef _FALCON_MERGE_DEV_H
#define _FALCON_MERGE_DEV_H

#include <linux/err.h>
#include <linux/list.h>
#include <linux/types.h>

struct net_device;

/* In place of a device: more than one. */
#define FALCON_MERGE_DEV_SEVERAL ((const struct net_device *)ERR_PTR(-EMLINK))

/*
 * A flow's. Written under its lock, then that of the list; the device is compared and never
 * followed.
 */
struct falcon_merge_dev {
	struct list_head	node;
	const struct net_device	*dev;	/* NULL: none */
	u32			walk;	/* number of the one that has met it last */
};

/* Context: process; before any other. */
void falcon_merge_devs_init(void);

void falcon_merge_dev_init(struct falcon_merge_dev *merge_dev);

/* The flow has packets for this device and for no other; NULL: for none. Context: BH off. */
void falcon_merge_dev_set(struct falcon_merge_dev *merge_dev, const struct net_device *dev);

/* Whether a flow may have packets for a device. Context: process or BH. */
bool falcon_merge_dev_is_used(const struct net_device *dev);

/**
 * falcon_merge_dev_next() - a flow that may have packets for a device
 * @dev: the device, or FALCON_MERGE_DEV_SEVERAL
 * @walk: number that no other walk has, and not 0
 * @get: takes a reference, returns false when the flow goes already
 *
 * Each flow is met in a walk, and again when it has got another device meanwhile.
 *
 * Context: BH off. Return: the outlet of a flow that @get has taken, or NULL.
 */
struct falcon_merge_dev *falcon_merge_dev_next(const struct net_device *dev, u32 walk,
					       bool (*get)(struct falcon_merge_dev *merge_dev));

#endif /* _FALCON_MERGE_DEV_H */
