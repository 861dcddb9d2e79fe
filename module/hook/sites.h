/* SPDX-License-Identifier: GPL-2.0 */
/* The table of the kernel's functions that falcon redirects, each with its handler. */

#ifndef _FALCON_SITES_H
#define _FALCON_SITES_H

#include "hook/hook.h"

/* In the order of attaching. The hooks of a capability must be next to each other. */
extern const struct falcon_hook_site falcon_sites[FALCON_HOOKS];

#endif /* _FALCON_SITES_H */
