// SPDX-License-Identifier: GPL-2.0

#include "unit.h"
#include "wire.h"
#include "flow/checksum.h"

#include <linux/if_vlan.h>

#define HEADER 8	/* UDP's */

struct packet {
	struct sk_buff	skb;
	struct wire	wire;
	unsigned int	udp;		/* offset of the UDP header */
	unsigned int	size;		/* of header and payload */
};

/* Bytes that were read for a checksum. */
static unsigned int summed;

__wsum skb_checksum(const struct sk_buff *skb, int offset, int len, __wsum sum)
{
	u64 total = sum;
	int i;

	assert_true(offset >= 0 && len >= 0 && offset + len <= (int)skb->len);
	summed += len;
	for (i = 0; i < len; i++)
		total += (u64)skb->data[offset + i] << (i % 2 * 8);
	total = (total & 0xffffffff) + (total >> 32);
	return total + (total >> 32);
}

/* RFC 1071, byte after byte. */
static u32 words_of(const u8 *bytes, unsigned int len)
{
	u32 sum = 0;
	unsigned int i;

	for (i = 0; i < len; i++)
		sum += bytes[i] << (i % 2 ? 0 : 8);
	return sum;
}

static void put_u16(struct packet *packet, unsigned int at, u16 value)
{
	packet->wire.bytes[at] = value >> 8;
	packet->wire.bytes[at + 1] = value;
}

static void seal(struct packet *packet, u8 family)
{
	u32 addresses = family == 4 ? 8 : 32, sum;

	put_u16(packet, packet->udp + 6, 0);
	sum = words_of(packet->wire.bytes + packet->udp - addresses, addresses) + IPPROTO_UDP +
	      packet->size + words_of(packet->wire.bytes + packet->udp, packet->size);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put_u16(packet, packet->udp + 6, sum == 0xffff ? sum : ~sum);
}

/* A datagram with a correct checksum, followed by @padding bytes. */
static void make(struct packet *packet, u8 family, bool tag, unsigned int payload,
		 unsigned int padding)
{
	struct falcon_key flow = wire_flow(family, IPPROTO_UDP, 7);
	unsigned int i, ip;

	memset(packet, 0, sizeof(*packet));
	packet->skb.protocol = htons(tag ? ETH_P_8021Q : wire_type(&flow));
	if (tag)
		wire_tag(&packet->wire, wire_type(&flow));
	ip = packet->wire.len;
	wire_packet(&packet->wire, &flow);
	packet->size = HEADER + payload;
	packet->udp = packet->wire.len - HEADER;
	put_u16(packet, packet->udp + 4, packet->size);
	put_u16(packet, ip + (family == 4 ? 2 : 4), packet->size + (family == 4 ? 20 : 0));
	for (i = 0; i < payload; i++)
		wire_u8(&packet->wire, 7 * i + 3);
	seal(packet, family);
	wire_fill(&packet->wire, padding, 0xa5);
	packet->skb.data = packet->wire.bytes;
	packet->skb.len = packet->wire.len;
	packet->skb.csum_level = 1;
}

/* As a NIC, or a tunnel with a checksum of its own, leaves it: the sum of all bytes is known. */
static void complete(struct packet *packet)
{
	packet->skb.ip_summed = CHECKSUM_COMPLETE;
	packet->skb.csum = skb_checksum(&packet->skb, 0, packet->skb.len, 0);
}

static unsigned int verify(struct packet *packet)
{
	summed = 0;
	return falcon_checksum_verify(&packet->skb);
}

static void assert_verified(struct packet *packet)
{
	assert_int_equal(verify(packet), packet->udp + HEADER);
	assert_int_equal(packet->skb.ip_summed, CHECKSUM_UNNECESSARY);
	assert_int_equal(packet->skb.csum_level, 0);
}

/* UDP has to verify it. */
static void assert_unchanged(struct packet *packet, unsigned int end)
{
	struct sk_buff before = packet->skb;

	assert_int_equal(verify(packet), end);
	assert_memory_equal(&packet->skb, &before, sizeof(before));
}

/* Calls a part of a test for every shape that a datagram may have. */
static void for_each_shape(void (*part)(u8 family, bool tag, unsigned int payload))
{
	static const unsigned int payloads[] = { 0, 1, 2, 33, 1400 };
	unsigned int i;

	for (i = 0; i < 4 * sizeof(payloads) / sizeof(payloads[0]); i++)
		part(i & 1 ? 4 : 6, i & 2, payloads[i / 4]);
}

static void by_known_sum(u8 family, bool tag, unsigned int payload)
{
	struct packet packet;

	make(&packet, family, tag, payload, 0);
	complete(&packet);
	assert_verified(&packet);
	assert_int_equal(summed, packet.udp);
}

static void complete__sums_up_no_more_than_the_headers(void **state)
{
	for_each_shape(by_known_sum);
}

static void each_byte(u8 family, bool tag, unsigned int payload)
{
	unsigned int addresses = family == 4 ? 8 : 32, at;
	struct packet packet;

	make(&packet, family, tag, payload, 0);
	for (at = packet.udp - addresses; at < packet.wire.len; at++) {
		/* A changed length makes another packet, and a checksum of 0 means none. */
		if (at == packet.udp + 4 || at == packet.udp + 5)
			continue;
		packet.wire.bytes[at] ^= 0x10;
		complete(&packet);
		assert_unchanged(&packet, packet.udp + HEADER);
		packet.wire.bytes[at] ^= 0x10;
	}
}

static void complete__a_wrong_byte_is_left_to_udp(void **state)
{
	for_each_shape(each_byte);
}

static void complete__a_wrong_sum_is_left_to_udp(void **state)
{
	struct packet packet;

	make(&packet, 4, false, 100, 0);
	complete(&packet);
	packet.skb.csum++;
	assert_unchanged(&packet, packet.udp + HEADER);
}

static void padded(u8 family, bool tag, unsigned int payload)
{
	struct packet packet;

	make(&packet, family, tag, payload, 6);
	complete(&packet);
	assert_verified(&packet);
	assert_int_equal(summed, packet.size);

	make(&packet, family, tag, payload, 6);
	packet.wire.bytes[packet.udp + packet.size - 1] ^= 1;
	complete(&packet);
	assert_unchanged(&packet, packet.udp + HEADER);
}

/* The known sum includes the padding. */
static void complete__is_not_believed_of_a_padded_packet(void **state)
{
	for_each_shape(padded);
}

static void nothing_known(u8 family, bool tag, unsigned int payload)
{
	struct packet packet;

	make(&packet, family, tag, payload, 0);
	assert_verified(&packet);
	assert_int_equal(summed, packet.size);

	make(&packet, family, tag, payload, 0);
	packet.wire.bytes[packet.udp] ^= 1;
	assert_unchanged(&packet, packet.udp + HEADER);
}

static void none__sums_up_the_datagram(void **state)
{
	for_each_shape(nothing_known);
}

static void verify__leaves_alone_what_others_have_verified(void **state)
{
	static const u8 states[] = { CHECKSUM_UNNECESSARY, CHECKSUM_PARTIAL };
	struct packet packet;
	unsigned int i;

	for (i = 0; i < sizeof(states); i++) {
		make(&packet, 4, false, 100, 0);
		packet.skb.ip_summed = states[i];
		assert_unchanged(&packet, packet.udp + HEADER);
		assert_int_equal(summed, 0);
	}
}

static void verify__leaves_alone_a_datagram_without_checksum(void **state)
{
	struct packet packet;

	make(&packet, 4, false, 100, 0);
	put_u16(&packet, packet.udp + HEADER, 0);
	seal(&packet, 4);
	/* The sum is still correct, because the payload contains the bytes of the checksum. */
	memcpy(packet.wire.bytes + packet.udp + HEADER, packet.wire.bytes + packet.udp + 6, 2);
	put_u16(&packet, packet.udp + 6, 0);
	complete(&packet);
	assert_unchanged(&packet, packet.udp + HEADER);
}

static void verify__leaves_alone_a_datagram_of_another_length(void **state)
{
	struct packet packet;
	int more;

	for (more = -1; more <= 1; more += 2) {
		make(&packet, 6, false, 100, 6);
		put_u16(&packet, packet.udp + 4, packet.size + more);
		seal(&packet, 6);
		complete(&packet);
		assert_unchanged(&packet, packet.udp + HEADER);
	}
	/* IP's length exceeds the packet. */
	make(&packet, 4, false, 100, 0);
	packet.skb.len--;
	complete(&packet);
	assert_unchanged(&packet, packet.udp + HEADER);
}

static void verify__finds_no_datagram_in(void **state)
{
	struct packet packet;

	make(&packet, 4, false, 100, 0);
	packet.skb.gso = true;
	assert_unchanged(&packet, 0);

	make(&packet, 4, false, 100, 0);
	put_u16(&packet, 6, MORE);
	assert_unchanged(&packet, 0);

	make(&packet, 4, false, 100, 0);
	packet.wire.bytes[9] = IPPROTO_TCP;
	assert_unchanged(&packet, 0);

	make(&packet, 6, false, 100, 0);
	packet.wire.bytes[6] = IPPROTO_DSTOPTS;
	assert_unchanged(&packet, 0);

	make(&packet, 4, true, 100, 0);
	put_u16(&packet, 2, ETH_P_ARP);
	assert_unchanged(&packet, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete__sums_up_no_more_than_the_headers),
		cmocka_unit_test(complete__a_wrong_byte_is_left_to_udp),
		cmocka_unit_test(complete__a_wrong_sum_is_left_to_udp),
		cmocka_unit_test(complete__is_not_believed_of_a_padded_packet),
		cmocka_unit_test(none__sums_up_the_datagram),
		cmocka_unit_test(verify__leaves_alone_what_others_have_verified),
		cmocka_unit_test(verify__leaves_alone_a_datagram_without_checksum),
		cmocka_unit_test(verify__leaves_alone_a_datagram_of_another_length),
		cmocka_unit_test(verify__finds_no_datagram_in),
	};

	return unit_run(tests);
}
