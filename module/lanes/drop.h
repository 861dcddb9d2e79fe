/* SPDX-License-Identifier: GPL-2.0 */
/* Drops packets and counts them. */

#ifndef _FALCON_DROP_H
#define _FALCON_DROP_H

#include <uapi/linux/falcon.h>

struct falcon_chain;

/*
 * Drop packets of a device that goes, or of flows that end by force. The caller has taken them out
 * of their flow. Context: any but hard interrupt.
 */
void falcon_drop_gone(struct falcon_chain *packets, enum falcon_stage stage);

/* Drop packets that exceed a flow's budget, as a full backlog would. Context: as above. */
void falcon_drop_full(struct falcon_chain *packets);

#endif /* _FALCON_DROP_H */
