/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_RANDOM_H
#define _SHIM_RANDOM_H

#include <stddef.h>

/* The test defines it. */
void get_random_bytes(void *to, size_t bytes);

#endif
