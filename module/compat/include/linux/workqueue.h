/* SPDX-License-Identifier: GPL-2.0 */
/* Older kernels call the workqueue of schedule_work() system_wq; later ones warn at that name. */

#ifndef _FALCON_COMPAT_LINUX_WORKQUEUE_H
#define _FALCON_COMPAT_LINUX_WORKQUEUE_H

#include <kernel-has.h>
#include_next <linux/workqueue.h>

#if !FALCON_HAS_SYSTEM_PERCPU_WQ
#define system_percpu_wq system_wq
#endif

#endif /* _FALCON_COMPAT_LINUX_WORKQUEUE_H */
