// SPDX-License-Identifier: GPL-2.0

#include "unit.h"
#include "flow/fragment.h"
#include "flow/hash.h"

/* Replaces the keyed hash of hash.c: a forced value, or FNV-1a over every word. */
static u32 forced;

u32 falcon_hash_words(const u32 *words, size_t count)
{
	u32 hash = 2166136261u;

	if (forced)
		return forced;
	while (count--)
		hash = (hash ^ *words++) * 16777619u;
	return hash ? hash : 1;
}

static struct falcon_datagram datagram(u32 id)
{
	return (struct falcon_datagram) {
		.id		= id,
		.saddr		= { 0x01020304 },
		.daddr		= { 0x05060708 },
		.protocol	= 17,
	};
}

/* All tests share the table, so each uses identifications of its own. */

static void later__unknown_is_0(void **state)
{
	struct falcon_datagram d = datagram(1);

	assert_int_equal(falcon_fragment_later(&d), 0);
}

static void later__after_first_gives_its_hash(void **state)
{
	struct falcon_datagram d = datagram(2);

	falcon_fragment_first(&d, 0xdeadbeef);
	assert_int_equal(falcon_fragment_later(&d), 0xdeadbeef);
	assert_int_equal(falcon_fragment_later(&d), 0xdeadbeef);
}

static void later__largest_hash_does_not_reach_the_tag(void **state)
{
	struct falcon_datagram d = datagram(3), other = datagram(4);

	falcon_fragment_first(&d, 0xffffffff);
	assert_int_equal(falcon_fragment_later(&d), 0xffffffff);
	assert_int_equal(falcon_fragment_later(&other), 0);
}

static void later__every_member_counts(void **state)
{
	struct falcon_datagram d = datagram(5), other;
	unsigned int i;

	falcon_fragment_first(&d, 77);
	for (i = 0; i < 4; i++) {
		other = d;
		other.saddr[i] ^= 1;
		assert_int_equal(falcon_fragment_later(&other), 0);
		other = d;
		other.daddr[i] ^= 1;
		assert_int_equal(falcon_fragment_later(&other), 0);
	}
	other = d;
	other.protocol = 6;
	assert_int_equal(falcon_fragment_later(&other), 0);
	other = d;
	other.id = 6;
	assert_int_equal(falcon_fragment_later(&other), 0);
	assert_int_equal(falcon_fragment_later(&d), 77);
}

static void first__again_takes_the_new_hash(void **state)
{
	struct falcon_datagram d = datagram(7);

	falcon_fragment_first(&d, 1);
	falcon_fragment_first(&d, 2);
	assert_int_equal(falcon_fragment_later(&d), 2);
}

static void first__with_hash_0_forgets(void **state)
{
	struct falcon_datagram d = datagram(8);

	falcon_fragment_first(&d, 1);
	falcon_fragment_first(&d, 0);
	assert_int_equal(falcon_fragment_later(&d), 0);
}

static void first__overwrites_the_entry_of_another_tag(void **state)
{
	struct falcon_datagram old = datagram(9), new = datagram(10);

	/* Tags that differ in their upper bits only share a place. */
	forced = 0x00345678;
	falcon_fragment_first(&old, 1);
	assert_int_equal(falcon_fragment_later(&old), 1);
	forced = 0x80345678;
	assert_int_equal(falcon_fragment_later(&new), 0);
	falcon_fragment_first(&new, 2);
	assert_int_equal(falcon_fragment_later(&new), 2);
	forced = 0x00345678;
	assert_int_equal(falcon_fragment_later(&old), 0);
	forced = 0;
}

static void first__extreme_tags_stay_inside_the_table(void **state)
{
	static const u32 tags[] = { 1, 1023, 1024, 0x7fffffff, 0x80000000, 0xffffffff };
	struct falcon_datagram d = datagram(11);
	unsigned int i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		forced = tags[i];
		falcon_fragment_first(&d, i + 1);
		assert_int_equal(falcon_fragment_later(&d), i + 1);
	}
	forced = 0;
}

static void first__many_at_a_time(void **state)
{
	unsigned int i, known = 0;
	u32 hash;

	for (i = 0; i < 256; i++) {
		struct falcon_datagram d = datagram(1000 + i);

		falcon_fragment_first(&d, i + 1);
	}
	for (i = 0; i < 256; i++) {
		struct falcon_datagram d = datagram(1000 + i);

		hash = falcon_fragment_later(&d);
		assert_true(hash == 0 || hash == i + 1);
		known += hash != 0;
	}
	/* 256 in 1024 places: 9 in 10 keep theirs by chance. */
	assert_in_range(known, 256 * 3 / 4, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later__unknown_is_0),
		cmocka_unit_test(later__after_first_gives_its_hash),
		cmocka_unit_test(later__largest_hash_does_not_reach_the_tag),
		cmocka_unit_test(later__every_member_counts),
		cmocka_unit_test(first__again_takes_the_new_hash),
		cmocka_unit_test(first__with_hash_0_forgets),
		cmocka_unit_test(first__overwrites_the_entry_of_another_tag),
		cmocka_unit_test(first__extreme_tags_stay_inside_the_table),
		cmocka_unit_test(first__many_at_a_time),
	};

	return unit_run(tests);
}
