// SPDX-License-Identifier: GPL-2.0
/*
 * Where the table has a flow, which entry a new flow gets, and which flows have the same inner
 * headers.
 */

#include "unit.h"
#include "lanes/flow_table.h"

unsigned long jiffies;

/* Hashes of one bucket. */
static u32 hash_of(u32 bucket, u32 number)
{
	return bucket + number * FALCON_FLOW_TABLE_BUCKETS;
}

static int start(void **state)
{
	jiffies = 1000;
	return falcon_flow_table_alloc();
}

static int stop(void **state)
{
	falcon_flow_table_free();
	return 0;
}

/* Like falcon_promote_watch(). Return: the entry, or NULL. */
static struct falcon_flow_entry *put(u32 hash, unsigned long since, __be32 saddr)
{
	struct falcon_flow_entry *entry = falcon_flow_table_victim(hash);

	if (!entry)
		return NULL;
	*entry = (struct falcon_flow_entry){ .hash = hash, .since = since };
	entry->subject.key.saddr[0] = saddr;
	return entry;
}

static void flow_table__finds_each_flow_of_a_bucket(void **state)
{
	struct falcon_flow_entry *entries[FALCON_FLOW_TABLE_WAYS];
	u32 bucket = FALCON_FLOW_TABLE_BUCKETS - 1, i;

	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++)
		entries[i] = put(hash_of(bucket, i + 1), jiffies, 0);
	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++)
		assert_ptr_equal(falcon_flow_table_find(hash_of(bucket, i + 1)), entries[i]);
	assert_null(falcon_flow_table_find(hash_of(bucket, 0)));
	assert_null(falcon_flow_table_find(hash_of(0, 1)));
	assert_ptr_equal(&falcon_flow_table[FALCON_FLOW_TABLE_FLOWS - 1],
			 entries[FALCON_FLOW_TABLE_WAYS - 1]);
}

static void flow_table__gives_a_free_entry_before_any_other(void **state)
{
	struct falcon_flow_entry *first = put(hash_of(7, 1), 0, 0);

	assert_non_null(first);
	assert_ptr_equal(falcon_flow_table_victim(hash_of(7, 2)), first + 1);
}

/* The quietest one, even if jiffies have wrapped since. */
static void flow_table__evicts_the_quietest_flow(void **state)
{
	struct falcon_flow_entry *entry;
	u32 i;

	jiffies = 10;
	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++)
		put(hash_of(7, i + 1), i == 2 ? -20UL : i, 0);
	entry = falcon_flow_table_victim(hash_of(7, 9));
	assert_int_equal(entry->hash, hash_of(7, 3));
	*entry = (struct falcon_flow_entry){ .hash = hash_of(7, 9), .since = jiffies };
	assert_int_equal(falcon_flow_table_victim(hash_of(7, 10))->hash, hash_of(7, 1));
	/* Flows of another bucket are no candidates. */
	assert_int_equal(falcon_flow_table_victim(hash_of(8, 1))->hash, 0);
}

static void flow_table__never_evicts_a_flow_in_lanes(void **state)
{
	struct falcon_flow_entry *entries[FALCON_FLOW_TABLE_WAYS];
	struct falcon_flow *flow = (struct falcon_flow *)entries;
	u32 i;

	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++)
		entries[i] = put(hash_of(7, i + 1), i, 0);
	entries[0]->flow = flow;
	assert_ptr_equal(falcon_flow_table_victim(hash_of(7, 9)), entries[1]);
	for (i = 1; i < FALCON_FLOW_TABLE_WAYS; i++)
		entries[i]->flow = flow;
	assert_null(falcon_flow_table_victim(hash_of(7, 9)));
	entries[3]->flow = NULL;
	assert_ptr_equal(falcon_flow_table_victim(hash_of(7, 9)), entries[3]);
}

/* Behind the tunnel only the inner headers are known. */
static void flow_table__finds_by_inner_headers_only_what_is_the_only_one(void **state)
{
	struct falcon_flow_entry *one = put(hash_of(7, 1), 0, 1), *other = put(hash_of(7, 2), 0, 2);
	struct falcon_key key = one->subject.key;

	assert_ptr_equal(falcon_flow_table_find_inner(hash_of(7, 77), &key), one);
	assert_false(falcon_flow_table_has_twin(one, one->hash, &key));
	/* The same addresses in another virtual network. */
	other->subject.key = key;
	assert_null(falcon_flow_table_find_inner(hash_of(7, 77), &key));
	assert_true(falcon_flow_table_has_twin(one, one->hash, &key));
	assert_true(falcon_flow_table_has_twin(other, other->hash, &key));
	/* An entry that is free, or changes its flow at this moment, does not count. */
	other->hash = 0;
	assert_ptr_equal(falcon_flow_table_find_inner(hash_of(7, 77), &key), one);
	assert_false(falcon_flow_table_has_twin(one, one->hash, &key));
	key.saddr[0] = 3;
	assert_null(falcon_flow_table_find_inner(hash_of(7, 77), &key));
}

static void flow_table__has_one_lock_for_a_bucket(void **state)
{
	u32 i;

	for (i = 1; i < 9; i++)
		assert_ptr_equal(falcon_flow_table_lock(hash_of(7, i)),
				 falcon_flow_table_lock(hash_of(7, 0)));
	assert_ptr_not_equal(falcon_flow_table_lock(hash_of(8, 0)),
			     falcon_flow_table_lock(hash_of(7, 0)));
}

static void flow_table__can_be_held_when_there_is_none(void **state)
{
	assert_true(falcon_flow_table_hold());
	falcon_flow_table_release();
	falcon_flow_table_free();
	assert_false(falcon_flow_table_hold());
	falcon_flow_table_release();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(flow_table__finds_each_flow_of_a_bucket),
		unit_case(flow_table__gives_a_free_entry_before_any_other),
		unit_case(flow_table__evicts_the_quietest_flow),
		unit_case(flow_table__never_evicts_a_flow_in_lanes),
		unit_case(flow_table__finds_by_inner_headers_only_what_is_the_only_one),
		unit_case(flow_table__has_one_lock_for_a_bucket),
		unit_case(flow_table__can_be_held_when_there_is_none),
	};

	return unit_run(tests);
}
