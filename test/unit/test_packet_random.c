// SPDX-License-Identifier: GPL-2.0
/* Random packets, the same ones in every run: well-formed ones, damaged ones, and noise. */

#include "expect.h"
#include "made.h"

#include <asm/byteorder.h>

#define MADE	50000
#define DAMAGED	19	/* of each well-formed one */
#define NOISE	100000

static void random__well_formed_are_understood(void **state)
{
	unsigned int kinds[4] = { 0 }, i;
	struct falcon_packet packet;
	struct made made;

	made_seed = 0x5eed0001;
	for (i = 0; i < MADE; i++) {
		made_packet(&made);
		assert_int_equal(wire_parse(&made.wire, made.wire.len, made.type, &wire_tunnels,
					    &packet), made.kind);
		assert_memory_equal(&packet.key, &made.flow, sizeof(made.flow));
		assert_int_equal(packet.firsts, made.firsts);
		kinds[made.kind]++;
	}
	/* Otherwise the generator no longer works. */
	assert_in_range(kinds[FALCON_PACKET_FLOW], MADE / 2, MADE);
	assert_in_range(kinds[FALCON_PACKET_FRAGMENT], MADE / 10, MADE / 2);
}

static void random__pieces_are_unknown_or_the_same(void **state)
{
	struct falcon_packet packet;
	struct made made;
	unsigned int i;

	made_seed = 0x5eed0002;
	for (i = 0; i < 1000; i++) {
		made_packet(&made);
		wire_expect(&made.wire, made.type, &wire_tunnels, made.kind, &packet);
	}
}

static void random__damaged_are_read_within_bounds(void **state)
{
	unsigned int kinds[4] = { 0 }, i, j;
	struct falcon_packet packet, again;
	struct made made, damaged;

	made_seed = 0x5eed0003;
	for (i = 0; i < MADE; i++) {
		made_packet(&made);
		for (j = 0; j < DAMAGED; j++) {
			enum falcon_packet_kind kind;

			damaged = made;
			made_damage(&damaged.wire);
			/* ASan and wire_parse() check the call. */
			kind = wire_parse(&damaged.wire, damaged.wire.len, made.type,
					  made_one_in(4) ? NULL : &wire_tunnels, &packet);
			kinds[kind]++;
		}
		/* An answer does not depend on the previous one. */
		assert_int_equal(wire_parse(&made.wire, made.wire.len, made.type, &wire_tunnels,
					    &again), made.kind);
		assert_memory_equal(&again.key, &made.flow, sizeof(made.flow));
	}
	for (i = 0; i < 4; i++)
		assert_in_range(kinds[i], MADE / 10, MADE * DAMAGED);
}

static void random__noise_is_read_within_bounds(void **state)
{
	static const u16 types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q, ETH_P_8021AD };
	struct falcon_packet packet;
	struct wire wire;
	unsigned int i, j, known = 0;

	made_seed = 0x5eed0004;
	for (i = 0; i < NOISE; i++) {
		u16 type = types[made_below(4)];

		wire.len = made_below(128);
		for (j = 0; j < wire.len; j++)
			wire.bytes[j] = unit_random(&made_seed);
		/* Most noise would fail at the IP version. */
		if (wire.len && type == ETH_P_IP)
			wire.bytes[0] = 0x45;
		else if (wire.len && type == ETH_P_IPV6)
			wire.bytes[0] = 0x60;
		known += wire_parse(&wire, wire.len, type, made_one_in(2) ? NULL : &wire_tunnels,
				    &packet) != FALCON_PACKET_UNKNOWN;
	}
	assert_in_range(known, NOISE / 10, NOISE);
}

static void random__quick_answers_are_the_parsers(void **state)
{
	unsigned int kinds[4] = { 0 }, i, j;
	struct made made, damaged;

	made_seed = 0x5eed0005;
	for (i = 0; i < MADE; i++) {
		made_packet(&made);
		if (made.type != ETH_P_IP)
			continue;
		kinds[wire_quick(&made.wire, made.wire.len, &wire_tunnels)]++;
		for (j = 0; j < DAMAGED; j++) {
			damaged = made;
			made_damage(&damaged.wire);
			kinds[wire_quick(&damaged.wire, damaged.wire.len, &wire_tunnels)]++;
		}
	}
	/* Otherwise the test compares nothing. */
	assert_in_range(kinds[FALCON_PACKET_FLOW], 1000, MADE * (DAMAGED + 1));
	assert_in_range(kinds[FALCON_PACKET_PLAIN], 1000, MADE * (DAMAGED + 1));
	assert_in_range(kinds[FALCON_PACKET_UNKNOWN], 1000, MADE * (DAMAGED + 1));
}

static void random__quick_answers_about_the_usual_shape_with_a_byte_changed(void **state)
{
	struct falcon_key outer = wire_flow(4, IPPROTO_UDP, 1);
	struct falcon_key inner = wire_flow(4, IPPROTO_TCP, 2);
	unsigned int kinds[4] = { 0 }, at, value;
	struct wire usual = { 0 }, changed;

	wire_ip(&usual, &outer, IPPROTO_UDP);
	wire_udp(&usual, VXLAN_PORT);
	wire_vxlan(&usual, 0x08);
	wire_ethernet(&usual, ETH_P_IP);
	wire_packet(&usual, &inner);
	for (at = 0; at < usual.len; at++)
		for (value = 0; value < 256; value++) {
			changed = usual;
			changed.bytes[at] = value;
			kinds[wire_quick(&changed, changed.len, &wire_tunnels)]++;
		}
	/* Addresses, ports, lengths, identifications: most bytes may have any value. */
	assert_in_range(kinds[FALCON_PACKET_FLOW], usual.len * 256 / 2, usual.len * 256);
	assert_in_range(kinds[FALCON_PACKET_PLAIN], 256, 1024);
	assert_in_range(kinds[FALCON_PACKET_UNKNOWN], 1024, usual.len * 256 / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random__well_formed_are_understood),
		cmocka_unit_test(random__pieces_are_unknown_or_the_same),
		cmocka_unit_test(random__damaged_are_read_within_bounds),
		cmocka_unit_test(random__noise_is_read_within_bounds),
		cmocka_unit_test(random__quick_answers_are_the_parsers),
		cmocka_unit_test(random__quick_answers_about_the_usual_shape_with_a_byte_changed),
	};

	return unit_run(tests);
}
