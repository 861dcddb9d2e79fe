/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Later fragments of a datagram carry no ports. They follow the first fragment, which has them. So
 * a flow whose datagrams are fragmented now and then stays one flow.
 */

#ifndef _FALCON_FRAGMENT_H
#define _FALCON_FRAGMENT_H

#include "flow/packet.h"

/* Note that a datagram belongs to the flow with this hash; 0 for none. Context: BH. */
void falcon_fragment_first(const struct falcon_datagram *datagram, u32 hash);

/*
 * The hash of the flow that a datagram belongs to. 0 if its first fragment has not been seen, or if
 * another datagram has taken its entry since. Context: BH.
 */
u32 falcon_fragment_later(const struct falcon_datagram *datagram);

#endif /* _FALCON_FRAGMENT_H */
