/* SPDX-License-Identifier: GPL-2.0 */
/* Flows outside and inside of a tunnel, for each pair of IP families. */

#ifndef _PAIR_H
#define _PAIR_H

#include "wire.h"

#define PAIRS 4

/* @pair is below PAIRS. */
struct falcon_key pair_outer(unsigned int pair, u8 protocol);
struct falcon_key pair_inner(unsigned int pair);

#endif
