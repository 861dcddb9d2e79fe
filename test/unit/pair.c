// SPDX-License-Identifier: GPL-2.0

#include "pair.h"

static const u8 FAMILIES[] = { 4, 6 };

struct falcon_key pair_outer(unsigned int pair, u8 protocol)
{
	return wire_flow(FAMILIES[pair / 2], protocol, 1);
}

struct falcon_key pair_inner(unsigned int pair)
{
	return wire_flow(FAMILIES[pair % 2], IPPROTO_UDP, 2);
}
