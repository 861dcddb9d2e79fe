/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_PREEMPT_H
#define _SHIM_PREEMPT_H

#define in_hardirq() false
#define in_nmi() false

#endif
