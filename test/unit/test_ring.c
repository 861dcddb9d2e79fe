// SPDX-License-Identifier: GPL-2.0
/* A flow's part of a container's ring, and how rarely falcon reads the ring's counters. */

#include "unit.h"
#include "lanes/ring.h"

/* A ring, and a flow's part of it. */
struct model {
	struct falcon_ring share;
	u64 taken;		/* by the poll, of all flows */
	unsigned int there;	/* packets of the flow */
	unsigned int asks, given;
};

/* Like a delivery, which reads the counters only if there is no room. Return: packets delivered. */
static unsigned int deliver(struct model *model, unsigned int count)
{
	if (falcon_ring_is_tight(&model->share, count)) {
		if (!model->there) {
			falcon_ring_emptied(&model->share);
		} else if (falcon_ring_room(&model->share) < FALCON_RING_LOW) {
			falcon_ring_counted(&model->share, model->taken);
			model->asks++;
		}
	}
	count = falcon_ring_take(&model->share, count);
	model->there += count;
	model->given += count;
	assert_true(model->there <= FALCON_RING_SHARE);
	return count;
}

static void poll(struct model *model, unsigned int most)
{
	unsigned int count = model->there < most ? model->there : most;

	model->there -= count;
	model->taken += count;
}

static void ring__that_keeps_up_is_never_asked(void **state)
{
	struct model model = { .taken = 1 << 20 };
	unsigned int i;

	for (i = 0; i < 10000; i++) {
		assert_int_equal(deliver(&model, 1 + i % 64), 1 + i % 64);
		poll(&model, 64);
	}
	assert_int_equal(model.asks, 0);
}

static void ring__that_is_never_empty_is_asked_once_for_many(void **state)
{
	struct model model = { .taken = 77 };
	unsigned int i, waits = 0;

	assert_int_equal(deliver(&model, 64), 64);
	for (i = 0; i < 100000; i++) {
		/* One packet at a time, as for requests, and always more than the poll takes. */
		if (!deliver(&model, 1))
			waits++;
		if (i % 2 && model.there > 1)
			poll(&model, 1);
	}
	assert_true(model.given > 40000);
	/* Deliveries that waited look again by a timer. */
	assert_true(model.asks <= waits + model.given / FALCON_RING_LOW);
}

static void ring__that_stands_still_gets_its_share_and_no_more(void **state)
{
	struct model model = { .taken = 5 };
	unsigned int i;

	assert_int_equal(deliver(&model, 300), FALCON_RING_SHARE);
	for (i = 0; i < 1000; i++)
		assert_int_equal(deliver(&model, 1 + i % 300), 0);
	poll(&model, FALCON_RING_LOW - 1);
	assert_int_equal(deliver(&model, 300), 0);
	poll(&model, 2);
	assert_int_equal(deliver(&model, 300), FALCON_RING_LOW + 1);
}

static void ring__of_another_device_begins_anew(void **state)
{
	struct model model = { .taken = 1 << 30 };

	deliver(&model, 128);
	deliver(&model, 1);
	poll(&model, 128);
	model.there = 100;
	deliver(&model, 1);
	/* The new device's counter is smaller: no wait until it has reached the old value. */
	falcon_ring_init(&model.share, (const void *)&model);
	model.there = 0;
	model.taken = 3;
	assert_int_equal(deliver(&model, 128), 128);
	assert_int_equal(deliver(&model, 60), 0);
	poll(&model, 70);
	assert_int_equal(deliver(&model, 60), 60);
}

static void ring__is_never_given_more_than_the_share(void **state)
{
	struct model model = { 0 };
	uint32_t seed = 1;
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		deliver(&model, 1 + unit_random(&seed) % 128);
		poll(&model, unit_random(&seed) % 100);
		/* Packets of other flows, which the flow cannot tell from its own. */
		if (!model.there)
			model.taken += unit_random(&seed) % 50;
	}
	assert_true(model.given > 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring__that_keeps_up_is_never_asked),
		cmocka_unit_test(ring__that_is_never_empty_is_asked_once_for_many),
		cmocka_unit_test(ring__that_stands_still_gets_its_share_and_no_more),
		cmocka_unit_test(ring__of_another_device_begins_anew),
		cmocka_unit_test(ring__is_never_given_more_than_the_share),
	};

	return unit_run(tests);
}
