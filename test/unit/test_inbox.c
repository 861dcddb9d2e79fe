// SPDX-License-Identifier: GPL-2.0
/*
 * The inbox of a flow, one call after the other; and the hand-over between CPUs that post and the
 * lock's holder, in every order of their steps.
 */

#include "lanes/inbox.h"
#include "policy/policy.h"
#include "seen.h"
#include "unit.h"

#define LEAST (FALCON_BUDGET_BYTES / FALCON_BUDGET_PACKETS)

static void fill(struct falcon_chain *chain, struct sk_buff *packets, unsigned int count,
		 u32 truesize)
{
	unsigned int i;

	*chain = (struct falcon_chain){};
	for (i = 0; i < count; i++) {
		packets[i] = (struct sk_buff){ .truesize = truesize };
		falcon_chain_add(chain, &packets[i]);
	}
}

static void inbox__gives_parcels_oldest_first_as_they_were_posted(void **state)
{
	struct falcon_chain chain, packets = {};
	struct falcon_inbox inbox = {};
	struct sk_buff skbs[3][5];
	struct llist_node *taken;
	unsigned int i, j;
	struct sk_buff *skb;
	u16 home;

	for (i = 0; i < 3; i++) {
		fill(&chain, skbs[i], 3 + i, 1000 * (i + 1));
		falcon_inbox_post(&inbox, &chain, 7 + i);
		assert_null(chain.first);
		assert_int_equal(chain.count, 0);
	}
	assert_false(falcon_inbox_is_empty(&inbox));
	taken = falcon_inbox_take(&inbox);
	assert_true(falcon_inbox_is_empty(&inbox));
	for (i = 0; i < 3; i++) {
		assert_true(falcon_inbox_unpack(&inbox, &taken, &packets, &home));
		assert_int_equal(home, 7 + i);
		assert_int_equal(packets.count, 3 + i);
		assert_int_equal(packets.bytes, (3 + i) * 1000 * (i + 1));
		for (j = 0; j < 3 + i; j++) {
			skb = falcon_chain_pop(&packets);
			assert_ptr_equal(skb, &skbs[i][j]);
		}
		assert_null(packets.first);
		assert_int_equal(packets.bytes, 0);
	}
	assert_false(falcon_inbox_unpack(&inbox, &taken, &packets, &home));
	assert_int_equal(falcon_inbox_weight(&inbox), 0);
}

static void inbox__is_empty_at_first(void **state)
{
	struct falcon_inbox inbox = {};
	struct falcon_chain packets = {};
	struct llist_node *taken = falcon_inbox_take(&inbox);
	spinlock_t lock = {};
	u16 home;

	assert_true(falcon_inbox_is_empty(&inbox));
	assert_null(taken);
	assert_false(falcon_inbox_unpack(&inbox, &taken, &packets, &home));
	assert_int_equal(falcon_inbox_weight(&inbox), 0);
	assert_false(falcon_inbox_retry(&inbox, &lock));
	assert_true(spin_trylock(&lock));
}

/*
 * A bound in bytes also bounds the number of packets, because a small packet counts as LEAST bytes.
 */
static void inbox__weighs_a_packet_as_a_part_of_the_budget_at_least(void **state)
{
	static const u32 sizes[] = { 1, 768, LEAST, LEAST + 1, 1U << 20 };
	struct falcon_chain chain, packets = {};
	struct llist_node *taken;
	struct sk_buff skbs[4];
	unsigned int i;
	u16 home;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct falcon_inbox inbox = {};

		fill(&chain, skbs, 4, sizes[i]);
		falcon_inbox_post(&inbox, &chain, 0);
		assert_int_equal(falcon_inbox_weight(&inbox), 4 * max(sizes[i], LEAST));
		taken = falcon_inbox_take(&inbox);
		/* Packets that are taken but not unpacked still count. */
		assert_int_equal(falcon_inbox_weight(&inbox), 4 * max(sizes[i], LEAST));
		falcon_inbox_unpack(&inbox, &taken, &packets, &home);
		assert_int_equal(falcon_inbox_weight(&inbox), 0);
	}
	assert_int_equal(FALCON_BUDGET_BYTES / LEAST, FALCON_BUDGET_PACKETS);
}

static void inbox__retry_takes_a_free_lock_and_only_for_a_parcel(void **state)
{
	struct falcon_inbox inbox = {};
	struct falcon_chain chain;
	spinlock_t lock = {};
	struct sk_buff skb;

	fill(&chain, &skb, 1, 100);
	falcon_inbox_post(&inbox, &chain, 0);
	assert_true(falcon_inbox_retry(&inbox, &lock));
	assert_true(lock.held);
	assert_false(falcon_inbox_retry(&inbox, &lock));
	spin_unlock(&lock);
	falcon_inbox_take(&inbox);
	assert_false(falcon_inbox_retry(&inbox, &lock));
	assert_false(lock.held);
}

/*
 * The model: CPUS CPUs post POSTS parcels each. A CPU posts, then tries the lock. The holder takes
 * the parcels, unlocks and looks again, in steps between which any other CPU may take steps of its
 * own. The lock's holder may also be a reviewer, which only looks at the flow and posts nothing.
 */
#define CPUS 3
#define POSTS 2
#define REVIEWS 1		/* by one more CPU */

enum at { POST, TRY, TAKE, UNLOCK, LOOK, RELOCK, END };

struct actor {
	enum at at;
	unsigned int posted;
};

static struct {
	struct falcon_inbox inbox;
	spinlock_t lock;		/* the lock of the inbox's flow */
	struct actor actors[CPUS + 1];
	struct sk_buff skbs[CPUS][POSTS];
	unsigned int seen[CPUS];		/* parcels that a holder has unpacked */
} world;

static unsigned long states, ends;
static unsigned long in_vain;			/* locked again, and the inbox was empty */
static bool forgetful;				/* the holder omits the second look */
static const char *violation;

static unsigned int wanted(unsigned int who)
{
	return who < CPUS ? POSTS : REVIEWS;
}

static void post(unsigned int who)
{
	struct sk_buff *skb = &world.skbs[who][world.actors[who].posted];
	struct falcon_chain chain;

	fill(&chain, skb, 1, 100);
	falcon_inbox_post(&world.inbox, &chain, who);
}

static void take(void)
{
	struct llist_node *taken = falcon_inbox_take(&world.inbox);
	struct falcon_chain packets = {};
	u16 home;

	while (falcon_inbox_unpack(&world.inbox, &taken, &packets, &home)) {
		if (packets.first != &world.skbs[home][world.seen[home]])
			violation = "a parcel is lost, twice there or out of order";
		world.seen[home]++;
	}
}

/* Return: false if this actor cannot move. */
static bool step(unsigned int who)
{
	struct actor *actor = &world.actors[who];

	switch (actor->at) {
	case POST:
		if (actor->posted == wanted(who)) {
			actor->at = END;
			return true;
		}
		if (who < CPUS)
			post(who);
		actor->posted++;
		actor->at = TRY;
		return true;
	case TRY:
		if (spin_trylock(&world.lock))
			actor->at = TAKE;
		else if (who < CPUS)
			actor->at = POST;	/* the holder handles the parcel */
		else
			return false;		/* a reviewer waits */
		return true;
	case TAKE:
		take();
		actor->at = UNLOCK;
		return true;
	case UNLOCK:
		spin_unlock(&world.lock);
		actor->at = forgetful ? POST : LOOK;
		return true;
	case LOOK:	/* this and the next step are falcon_inbox_retry() */
		actor->at = falcon_inbox_is_empty(&world.inbox) ? POST : RELOCK;
		return true;
	case RELOCK:	/* another CPU may have emptied the inbox by now */
		if (spin_trylock(&world.lock)) {
			in_vain += falcon_inbox_is_empty(&world.inbox);
			actor->at = TAKE;
		} else {
			actor->at = POST;
		}
		return true;
	default:
		return false;
	}
}

static struct seen_key key(void)
{
	const struct llist_node *node;
	struct seen_key made = {};
	unsigned int i;

	for (i = 0; i <= CPUS; i++)
		seen_mix(&made, world.actors[i].at * 16 + world.actors[i].posted);
	for (i = 0; i < CPUS; i++)
		seen_mix(&made, world.seen[i]);
	seen_mix(&made, world.lock.held);
	for (node = world.inbox.parcels.first; node; node = node->next)
		seen_mix(&made, (const char *)node - (const char *)&world);
	return made;
}

static void explore(void)
{
	__typeof__(world) before;
	bool moved = false;
	unsigned int who;

	if (violation || !seen_add(key()))
		return;
	states++;
	before = world;
	for (who = 0; who <= CPUS && !violation; who++) {
		if (step(who)) {
			moved = true;
			explore();
		}
		world = before;
	}
	if (moved || violation)
		return;
	ends++;
	for (who = 0; who < CPUS; who++)
		if (world.seen[who] != POSTS)
			violation = "a parcel is left behind";
	for (who = 0; who <= CPUS; who++)
		if (world.actors[who].at != END)
			violation = "a CPU waits for ever";
}

static void check(bool forgets)
{
	memset(&world, 0, sizeof(world));
	states = 0;
	ends = 0;
	in_vain = 0;
	violation = NULL;
	forgetful = forgets;
	explore();
	seen_forget();
}

static void inbox__leaves_no_parcel_behind_in_any_order_of_steps(void **state)
{
	check(false);
	printf("inbox: %lu states, %lu ends\n", states, ends);
	assert_null(violation);
	assert_true(states > 1000);
	assert_true(ends > 0);
	assert_true(in_vain > 0);
}

/* Proves that the model detects the fault that the second look prevents. */
static void inbox__without_the_second_look_a_parcel_is_left_behind(void **state)
{
	check(true);
	assert_non_null(violation);
	assert_string_equal(violation, "a parcel is left behind");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbox__gives_parcels_oldest_first_as_they_were_posted),
		cmocka_unit_test(inbox__is_empty_at_first),
		cmocka_unit_test(inbox__weighs_a_packet_as_a_part_of_the_budget_at_least),
		cmocka_unit_test(inbox__retry_takes_a_free_lock_and_only_for_a_parcel),
		cmocka_unit_test(inbox__leaves_no_parcel_behind_in_any_order_of_steps),
		cmocka_unit_test(inbox__without_the_second_look_a_parcel_is_left_behind),
	};

	return unit_run(tests);
}
