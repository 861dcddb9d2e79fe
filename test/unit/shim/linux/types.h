/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_TYPES_H
#define _SHIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include_next <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __s64 s64;
typedef __u64 u64;

#define __force

#endif
