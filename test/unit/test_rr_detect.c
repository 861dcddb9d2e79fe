// SPDX-License-Identifier: GPL-2.0
/* Which flows consist of short requests and responses. */

#include "policy/rr_detect.h"
#include "unit.h"

#define WINDOW 5
#define MOST   20

/* A flow, and the time. */
struct flow {
	struct falcon_rr_detect rr_detect;
	u32 poll, now;
};

/* A NIC poll brings @packets packets of the flow. Return: true if they are requests. */
static bool bring(struct flow *flow, unsigned int packets)
{
	bool requests = false;

	flow->poll++;
	while (packets--)
		requests = falcon_rr_detect_see(&flow->rr_detect, flow->poll, flow->now, WINDOW,
						MOST);
	return requests;
}

/* Bring packets for some windows, with so many polls in each. */
static bool go_on(struct flow *flow, unsigned int windows, unsigned int polls, unsigned int packets)
{
	bool requests = false;
	unsigned int i;

	while (windows--) {
		for (i = 0; i < polls; i++)
			requests = bring(flow, packets);
		flow->now += WINDOW;
	}
	return requests;
}

static void requests__are_known_after_some_windows(void **state)
{
	/* Clocks wrap, and poll numbers begin anywhere. */
	struct flow flow = { .poll = -3, .now = -7 };

	assert_false(go_on(&flow, FALCON_RR_DETECT_WINDOWS, 4, 1));
	assert_true(bring(&flow, 1));
	assert_true(go_on(&flow, 100, 4, 1));
	assert_true(go_on(&flow, 100, 1, FALCON_RR_DETECT_TOGETHER));
}

static void requests__that_come_seldom_are_so_too(void **state)
{
	struct flow flow = { 0 };
	unsigned int i;

	for (i = 0; i < FALCON_RR_DETECT_WINDOWS; i++) {
		assert_false(bring(&flow, 1));
		flow.now += 100 * WINDOW;
	}
	assert_true(bring(&flow, 1));
}

static void bulk__is_told_by_its_first_poll(void **state)
{
	struct flow flow = { 0 };

	assert_true(go_on(&flow, FALCON_RR_DETECT_WINDOWS + 1, 4, 1));
	assert_true(bring(&flow, FALCON_RR_DETECT_TOGETHER));
	assert_false(bring(&flow, FALCON_RR_DETECT_TOGETHER + 1));
	/* The next packet does not reset this. */
	assert_false(go_on(&flow, FALCON_RR_DETECT_WINDOWS - 1, 4, 1));
	assert_true(go_on(&flow, 2, 4, 1));
}

static void bulk__is_told_by_its_rate(void **state)
{
	struct flow flow = { 0 };

	assert_true(go_on(&flow, FALCON_RR_DETECT_WINDOWS + 1, MOST, 1));
	assert_false(go_on(&flow, 1, MOST + 1, 1));
	assert_false(go_on(&flow, 3 * FALCON_RR_DETECT_WINDOWS, MOST + 1, 1));
}

static void bulk__is_never_taken_for_requests(void **state)
{
	struct flow flow = { 0 };
	unsigned int i;
	u32 seed = 7;

	/* One poll in every few windows brings more. */
	for (i = 0; i < 2000; i++) {
		assert_false(go_on(&flow, unit_random(&seed) % FALCON_RR_DETECT_WINDOWS, 2, 1));
		assert_false(bring(&flow,
				   FALCON_RR_DETECT_TOGETHER + 1 + unit_random(&seed) % 300));
	}
	/* Counters do not wrap, whatever the number. */
	assert_false(bring(&flow, 200000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests__are_known_after_some_windows),
		cmocka_unit_test(requests__that_come_seldom_are_so_too),
		cmocka_unit_test(bulk__is_told_by_its_first_poll),
		cmocka_unit_test(bulk__is_told_by_its_rate),
		cmocka_unit_test(bulk__is_never_taken_for_requests),
	};

	return unit_run(tests);
}
