/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_MM_H
#define _SHIM_MM_H

#include <errno.h>
#include <stdlib.h>
#include <linux/kernel.h>

#define GFP_KERNEL 0
#define kvcalloc(count, size, flags) calloc(count, size)
#define kvfree(pointer) free(pointer)

#endif
