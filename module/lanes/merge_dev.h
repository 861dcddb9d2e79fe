/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files flows by their merge device: the device at which their packets came to a merge point. So
 * a device that goes costs a look at the flows that have packets for it, and nothing if none has.
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
 * A flow's entry. Written under the flow's lock, and under that of its list within. The device is
 * compared only.
 */
struct falcon_merge_dev {
	struct list_head	node;
	const struct net_device	*dev;	/* NULL: none */
	u32			walk;	/* number of the last walk that met it */
};

/* Context: process, before any other function here. */
void falcon_merge_devs_init(void);

void falcon_merge_dev_init(struct falcon_merge_dev *merge_dev);

/*
 * File the flow under the only device that it has packets for, under FALCON_MERGE_DEV_SEVERAL, or
 * nowhere (NULL). Context: BH off.
 */
void falcon_merge_dev_set(struct falcon_merge_dev *merge_dev, const struct net_device *dev);

/* True if some flow may have packets for a device. Context: process or BH. */
bool falcon_merge_dev_is_used(const struct net_device *dev);

/**
 * falcon_merge_dev_next() - step of a walk over the flows that may have packets for a device
 * @dev: the device, or FALCON_MERGE_DEV_SEVERAL
 * @walk: number of the walk; no other walk has it; not 0
 * @get: takes a reference to the flow; returns false if the flow is being freed
 *
 * A walk meets each flow once, and once more if the flow was filed anew meanwhile.
 *
 * Context: BH off. Return: the entry of a flow that @get has taken, or NULL at the end.
 */
struct falcon_merge_dev *falcon_merge_dev_next(const struct net_device *dev, u32 walk,
					       bool (*get)(struct falcon_merge_dev *merge_dev));

#endif /* _FALCON_MERGE_DEV_H */
