/* SPDX-License-Identifier: GPL-2.0 */
/* Until 6.16 the workqueue of schedule_work() has another name, at which later kernels warn. */

#ifndef _FALCON_COMPAT_LINUX_WORKQUEUE_H
#define _FALCON_COMPAT_LINUX_WORKQUEUE_H

#include <linux/version.h>
#include_next <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq system_wq
#endif

#endif /* _FALCON_COMPAT_LINUX_WORKQUEUE_H */
