// SPDX-License-Identifier: GPL-2.0
#include "seal.h"

#include <stdlib.h>
#include <string.h>

static u32 sum(u32 start, const u8 *bytes, unsigned int len)
{
	unsigned int i;

	for (i = 0; i + 1 < len; i += 2)
		start += bytes[i] << 8 | bytes[i + 1];
	if (i < len)
		start += bytes[i] << 8;
	return start;
}

static u16 folded(u32 start)
{
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return ~start;
}

static void write_u16(u8 *at, u16 value)
{
	at[0] = value >> 8;
	at[1] = value;
}

void seal_mark(struct sealed *packet, enum seal_kind kind, bool bare)
{
	if (packet->layers == SEAL_LAYERS)
		abort();
	packet->layer[packet->layers++] = (struct seal_layer){ kind, packet->wire.len, bare };
}

void seal_ipv4(struct sealed *packet, unsigned int at)
{
	u8 *ip = packet->wire.bytes + at;

	write_u16(ip + 10, 0);
	write_u16(ip + 10, folded(sum(0, ip, (ip[0] & 15) * 4)));
}

/* Addresses of the IP header before, length and protocol. */
static u32 pseudo_header(const struct sealed *packet, unsigned int index, u8 protocol,
			 unsigned int len)
{
	const u8 *ip = packet->wire.bytes + packet->layer[index - 1].at;

	if (packet->layer[index - 1].kind == SEAL_IPV4)
		return sum(protocol + len, ip + 12, 8);
	return sum(protocol + len, ip + 8, 32);
}

static void seal_layer(struct sealed *packet, unsigned int index)
{
	const struct seal_layer *layer = &packet->layer[index];
	unsigned int len = packet->wire.len - layer->at;
	u8 *header = packet->wire.bytes + layer->at;
	u16 check;

	switch (layer->kind) {
	case SEAL_IPV4:
		write_u16(header + 2, len);
		seal_ipv4(packet, layer->at);
		break;
	case SEAL_IPV6:
		write_u16(header + 4, len - 40);
		break;
	case SEAL_UDP:
		write_u16(header + 4, len);
		write_u16(header + 6, 0);
		if (layer->bare)
			break;
		check = folded(sum(pseudo_header(packet, index, IPPROTO_UDP, len), header, len));
		write_u16(header + 6, check ? check : 0xffff);
		break;
	case SEAL_TCP:
		write_u16(header + 16, 0);
		write_u16(header + 16, folded(sum(pseudo_header(packet, index, IPPROTO_TCP, len),
						  header, len)));
		break;
	case SEAL_ICMP:
		write_u16(header + 2, 0);
		write_u16(header + 2, folded(sum(0, header, len)));
		break;
	}
}

void seal(struct sealed *packet)
{
	unsigned int index;

	for (index = packet->layers; index; index--)
		seal_layer(packet, index - 1);
}
