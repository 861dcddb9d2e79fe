// SPDX-License-Identifier: GPL-2.0
/* For libFuzzer (make fuzz): ASan sees a read beyond the input, the rest is checked here. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"

#include <asm/byteorder.h>

static const struct falcon_tunnels tunnels = {
	.ports		= 2,
	.port		= { { cpu_to_be16(4789), 0 }, { cpu_to_be16(6081), 1 } },
	.gre		= true,
	.ip_in_ip	= true,
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u16 types[] = { 0x0800, 0x86dd, 0x8100, 0x88a8 };
	struct falcon_packet packet, piece;
	enum falcon_packet_kind kind;
	const struct falcon_tunnels *asked;
	__be16 type;

	if (!size)
		return -1;
	type = cpu_to_be16(types[data[0] & 3]);
	asked = data[0] & 4 ? NULL : &tunnels;
	data++;
	size--;

	memset(&packet, 0xa5, sizeof(packet));
	memset(&piece, 0x5a, sizeof(piece));
	kind = falcon_packet_parse(data, size, type, asked, &packet);
	must(packet.firsts <= 2);
	if (kind != FALCON_PACKET_FLOW && kind != FALCON_PACKET_FRAGMENT)
		return 0;
	must(packet.key.family == 4 || packet.key.family == 6);
	must(!packet.key.pad);
	/* A piece of it is unknown or the same. */
	kind = falcon_packet_parse(data, size / 2, type, asked, &piece);
	must(kind == FALCON_PACKET_UNKNOWN || !memcmp(&piece.key, &packet.key, sizeof(piece.key)));
	return 0;
}
