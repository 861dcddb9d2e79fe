/* SPDX-License-Identifier: GPL-2.0 */
/* The stages of the receive path. Each ends at a kind of device. */

#ifndef _FALCON_STAGE_H
#define _FALCON_STAGE_H

#include <uapi/linux/falcon.h>

#define FALCON_STAGES (FALCON_STAGE_MAX + 1)

#endif /* _FALCON_STAGE_H */
