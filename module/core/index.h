/* SPDX-License-Identifier: GPL-2.0 */
/* How user space names a device. */

#ifndef _FALCON_INDEX_H
#define _FALCON_INDEX_H

#include <linux/types.h>

/* A device, by its index in a network namespace. */
struct falcon_index {
	u64			netns;		/* inode number of the namespace */
	int			ifindex;
	u32			pad;
};

#endif /* _FALCON_INDEX_H */
