/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_CACHE_H
#define _SHIM_CACHE_H

#define ____cacheline_aligned __attribute__((aligned(64)))

#define ____cacheline_aligned_in_smp ____cacheline_aligned

#endif
