/* SPDX-License-Identifier: GPL-2.0 */
/* Lengths and checksums of headers that have been written. */
#ifndef FALCON_SEAL_H
#define FALCON_SEAL_H

#include "wire.h"

#define SEAL_LAYERS 40

enum seal_kind {
	SEAL_IPV4,
	SEAL_IPV6,
	SEAL_UDP,
	SEAL_TCP,
	SEAL_ICMP,
};

struct seal_layer {
	enum seal_kind	kind;
	unsigned int	at;
	bool		bare;	/* UDP without a checksum, as tunnels over IPv4 have it */
};

/* A packet, and where its headers are. */
struct sealed {
	struct wire		wire;
	unsigned int		layers;
	struct seal_layer	layer[SEAL_LAYERS];
};

/* A header begins here. */
void seal_mark(struct sealed *packet, enum seal_kind kind, bool bare);

/* All of them, from the last on, as each is part of what the ones before it count. */
void seal(struct sealed *packet);

/* Of the first IPv4 header alone, after it was changed. */
void seal_ipv4(struct sealed *packet, unsigned int at);

#endif
