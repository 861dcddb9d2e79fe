/* SPDX-License-Identifier: GPL-2.0 */
/* Stages of the receive path, which end at a kind of device each. */

#ifndef _FALCON_STAGE_H
#define _FALCON_STAGE_H

#include <uapi/linux/falcon.h>

#define FALCON_STAGES (FALCON_STAGE_MAX + 1)

#endif /* _FALCON_STAGE_H */
