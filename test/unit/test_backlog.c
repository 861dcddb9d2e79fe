// SPDX-License-Identifier: GPL-2.0
/* The mark of a moment in a CPU's backlog: it is through when all packets of that moment are. */

#include "unit.h"
#include "host/backlog.h"

struct softnet_data softnet_data[SHIM_CPUS];
unsigned int shim_cpu, shim_offline = SHIM_CPUS;

/* How often the packet enters the backlog again, and whether it was there at the mark. */
struct packet {
	unsigned int again;
	bool was_there;
};

#define ROOM 4096

struct model {
	struct packet packets[ROOM];
	unsigned int was_there;		/* such packets that are not through yet */
};

/* Like enqueue_to_backlog() and process_backlog(), from any initial counts. */
static void queue(struct model *model, unsigned int cpu, struct packet packet)
{
	model->packets[softnet_data[cpu].input_queue_tail++ % ROOM] = packet;
}

static void process(struct model *model, unsigned int cpu, unsigned int count)
{
	struct softnet_data *sd = &softnet_data[cpu];
	struct packet packet;

	while (count-- && sd->input_queue_head != sd->input_queue_tail) {
		packet = model->packets[sd->input_queue_head % ROOM];
		if (packet.again) {
			packet.again--;
			queue(model, cpu, packet);
		} else if (packet.was_there) {
			model->was_there--;
		}
		sd->input_queue_head++;
	}
}

static void start(unsigned int cpu, u32 counts)
{
	softnet_data[cpu].input_queue_head = counts;
	softnet_data[cpu].input_queue_tail = counts;
	shim_cpu = cpu;
	shim_offline = SHIM_CPUS;
}

static void backlog__that_is_empty_is_through_at_once(void **state)
{
	struct falcon_backlog_mark mark;

	start(1, 7);
	falcon_backlog_mark(&mark, FALCON_BACKLOG_PASSES);
	assert_true(falcon_backlog_is_through(&mark));
}

static void backlog__a_moment_that_has_passed_is_through(void **state)
{
	struct falcon_backlog_mark mark;
	struct model model = {};

	start(1, 7);
	falcon_backlog_mark_passed(&mark, 1);
	queue(&model, 1, (struct packet){});
	assert_true(falcon_backlog_is_through(&mark));
}

static void backlog__is_not_through_while_a_packet_is_there_again(void **state)
{
	struct falcon_backlog_mark mark;
	struct model model = { .was_there = 1 };
	unsigned int i;

	start(2, 0);
	queue(&model, 2, (struct packet){ .again = 1, .was_there = true });
	falcon_backlog_mark(&mark, FALCON_BACKLOG_PASSES);
	for (i = 0; i < 100; i++)
		queue(&model, 2, (struct packet){});
	/* The rule of RFS is satisfied here already. */
	process(&model, 2, 1);
	assert_true(falcon_backlog_passed(2, 1));
	assert_false(falcon_backlog_is_through(&mark));
	process(&model, 2, 99);
	assert_false(falcon_backlog_is_through(&mark));
	process(&model, 2, 2);
	assert_int_equal(model.was_there, 0);
	assert_true(falcon_backlog_is_through(&mark));
}

static void backlog__of_one_pass_is_through_as_rfs_says(void **state)
{
	struct falcon_backlog_mark mark;
	struct model model = {};

	start(2, -1);
	queue(&model, 2, (struct packet){});
	falcon_backlog_mark(&mark, 1);
	queue(&model, 2, (struct packet){});
	assert_false(falcon_backlog_is_through(&mark));
	process(&model, 2, 1);
	assert_true(falcon_backlog_is_through(&mark));
}

static void backlog__is_never_through_too_early_nor_late_for_ever(void **state)
{
	struct falcon_backlog_mark mark;
	unsigned int round, asks, most = 0;
	u32 seed = 4711;

	for (round = 0; round < 20000; round++) {
		struct model model = {};
		unsigned int i, before = unit_random(&seed) % 50;

		start(0, round % 2 ? unit_random(&seed) : -before);
		for (i = 0; i < before; i++) {
			queue(&model, 0, (struct packet){
				.again = unit_random(&seed) % FALCON_BACKLOG_PASSES,
				.was_there = true });
			model.was_there++;
		}
		falcon_backlog_mark(&mark, FALCON_BACKLOG_PASSES);
		for (asks = 0; !falcon_backlog_is_through(&mark); asks++) {
			/* Other packets keep arriving, no faster than they are processed. */
			for (i = unit_random(&seed) % 8; i; i--)
				queue(&model, 0, (struct packet){});
			process(&model, 0, 1 + unit_random(&seed) % 16);
		}
		assert_int_equal(model.was_there, 0);
		most = asks > most ? asks : most;
	}
	assert_in_range(most, FALCON_BACKLOG_PASSES, 1000);
}

static void backlog__of_a_cpu_that_is_offline_is_through(void **state)
{
	struct falcon_backlog_mark mark;
	struct model model = {};

	start(3, 0);
	queue(&model, 3, (struct packet){});
	falcon_backlog_mark(&mark, FALCON_BACKLOG_PASSES);
	assert_false(falcon_backlog_is_through(&mark));
	shim_offline = 3;
	assert_true(falcon_backlog_is_through(&mark));
}

static void backlog__that_is_refreshed_outlasts_its_counts(void **state)
{
	struct falcon_backlog_mark mark;
	unsigned int i;

	start(0, 5);
	falcon_backlog_mark(&mark, FALCON_BACKLOG_PASSES);
	for (i = 0; i < 5; i++) {
		falcon_backlog_refresh(&mark);
		softnet_data[0].input_queue_head += 1U << 30;
		softnet_data[0].input_queue_tail += 1U << 30;
		assert_true(falcon_backlog_is_through(&mark));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backlog__that_is_empty_is_through_at_once),
		cmocka_unit_test(backlog__a_moment_that_has_passed_is_through),
		cmocka_unit_test(backlog__is_not_through_while_a_packet_is_there_again),
		cmocka_unit_test(backlog__of_one_pass_is_through_as_rfs_says),
		cmocka_unit_test(backlog__is_never_through_too_early_nor_late_for_ever),
		cmocka_unit_test(backlog__of_a_cpu_that_is_offline_is_through),
		cmocka_unit_test(backlog__that_is_refreshed_outlasts_its_counts),
	};

	return unit_run(tests);
}
