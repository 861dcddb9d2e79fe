/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of the kernel that falcon redirects, each with its handler. */

#ifndef _FALCON_SITES_H
#define _FALCON_SITES_H

#include "hook/hook.h"

/* In the order in which they are attached; those of one capability are next to each other. */
extern const struct falcon_hook_site falcon_sites[FALCON_HOOKS];

#endif /* _FALCON_SITES_H */
