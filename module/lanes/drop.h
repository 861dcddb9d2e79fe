/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that are dropped, and counted as that. */

#ifndef _FALCON_DROP_H
#define _FALCON_DROP_H

#include <uapi/linux/falcon.h>

struct falcon_chain;

/* Of a device that is gone; they are no flow's any more. Context: any but hard interrupt. */
void falcon_drop_gone(struct falcon_chain *packets, enum falcon_stage stage);

/* For which a flow has no room, as a full backlog would. Context: as above. */
void falcon_drop_full(struct falcon_chain *packets);

#endif /* _FALCON_DROP_H */
