/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Later fragments of a datagram carry no ports. They follow the first one, which does: a
 * flow whose datagrams are fragmented now and then stays one flow.
 */

#ifndef _FALCON_FRAGMENT_H
#define _FALCON_FRAGMENT_H

#include "flow/packet.h"

/* Note that a datagram belongs to the flow with this hash. Context: BH. */
void falcon_fragment_first(const struct falcon_datagram *datagram, u32 hash);

/*
 * The hash of the flow that a datagram belongs to, or 0 when its first fragment has not been
 * seen, or so long ago that others took its place. Context: BH.
 */
u32 falcon_fragment_later(const struct falcon_datagram *datagram);

#endif /* _FALCON_FRAGMENT_H */
