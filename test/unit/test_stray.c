// SPDX-License-Identifier: GPL-2.0
/* Which flows' packets must stay behind the stray packets of a poll. */

#include "unit.h"
#include "lanes/stray.h"

/* Hashes with one index. */
static u32 hash_of(u32 index, u32 number)
{
	return ((index + number * FALCON_STRAY_FLOWS) << FALCON_STRAY_SHIFT) + 1;
}

static void strays__are_expected_of_the_noted_flows_once_there_is_one(void **state)
{
	struct falcon_strays strays = {};
	struct sk_buff skb = {};

	falcon_strays_expect(&strays, hash_of(3, 0));
	/* A flow may leave without a stray packet. */
	assert_false(falcon_strays_expected(&strays, hash_of(3, 0)));
	falcon_chain_add(&strays.packets, &skb);
	assert_true(falcon_strays_expected(&strays, hash_of(3, 0)));
	assert_false(falcon_strays_expected(&strays, hash_of(4, 0)));
	assert_false(falcon_strays_expected(&strays, hash_of(3, 1)));
}

static void stray__of_flows_with_one_index_forgets_none(void **state)
{
	struct falcon_strays strays = {};
	struct sk_buff skb = {};
	u32 i;

	falcon_chain_add(&strays.packets, &skb);
	for (i = 0; i < FALCON_STRAY_FLOWS; i++) {
		assert_false(falcon_strays_expected(&strays, hash_of(5, i)));
		falcon_strays_expect(&strays, hash_of(5, i));
		falcon_strays_expect(&strays, hash_of(5, i));
	}
	for (i = 0; i < FALCON_STRAY_FLOWS; i++)
		assert_true(falcon_strays_expected(&strays, hash_of(5, i)));
	/* One flow more than there are slots changes nothing. */
	falcon_strays_expect(&strays, hash_of(5, i));
	assert_false(falcon_strays_expected(&strays, hash_of(5, i)));
	assert_true(falcon_strays_expected(&strays, hash_of(5, 0)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strays__are_expected_of_the_noted_flows_once_there_is_one),
		cmocka_unit_test(stray__of_flows_with_one_index_forgets_none),
	};

	return unit_run(tests);
}
