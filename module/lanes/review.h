/* SPDX-License-Identifier: GPL-2.0 */
/* Flows in lanes are looked at now and then, while there are any. */

#ifndef _FALCON_REVIEW_H
#define _FALCON_REVIEW_H

/* A flow has gone up. Context: BH. */
void falcon_review_start(void);

/* Look at all of them now, of which some may leave by that. Context: process. */
void falcon_review_now(void);

/* No flow goes up any more. Context: process. */
void falcon_review_stop(void);

#endif /* _FALCON_REVIEW_H */
