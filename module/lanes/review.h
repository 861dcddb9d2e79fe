/* SPDX-License-Identifier: GPL-2.0 */
/* A periodic look at all flows in lanes: their rates, their CPUs, and whether they may stay. */

#ifndef _FALCON_REVIEW_H
#define _FALCON_REVIEW_H

/* Begin, or go on: a flow was promoted. Context: BH. */
void falcon_review_start(void);

/* Review all flows now, which may demote some. Context: process. */
void falcon_review_now(void);

/* Context: process, when no flow can be promoted any more. */
void falcon_review_stop(void);

#endif /* _FALCON_REVIEW_H */
