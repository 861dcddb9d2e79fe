// SPDX-License-Identifier: GPL-2.0
/* When the gate of a flow opens, and which CPU releases a flow that leaves. */

#include "unit.h"
#include "cpus.h"
#include "lanes/flow.h"
#include "lanes/gate.h"
#include "pipeline/gro_bypass.h"

#define ROUNDS 5		/* that the GRO cell needs in this test */

u32 falcon_gro_bypass_cell_rounds(void)
{
	return ROUNDS;
}

static int no_poll(struct napi_struct *napi, int budget)
{
	return 0;
}

/* Each case is a softirq on CPU 0. */
static int start(void **state)
{
	int err;

	cpus_start();
	err = falcon_gates_alloc(NULL, no_poll);
	cpus_softirq();
	return err;
}

static int stop(void **state)
{
	cpus_process();
	falcon_gates_stop();
	falcon_gates_free();
	return 0;
}

/* Like the poll. */
static struct falcon_flow *poll(unsigned int cpu)
{
	struct falcon_gate *gate = falcon_gate_of(cpu);
	struct falcon_flow *flow;

	shim_cpu = cpu;
	flow = falcon_gate_next(gate);
	falcon_gate_count(gate);
	clear_bit(NAPI_STATE_SCHED, &gate->napi.state);
	return flow;
}

static void polls(unsigned int cpu, unsigned int count)
{
	while (count--)
		assert_null(poll(cpu));
}

static struct falcon_flow gated(unsigned int cpu)
{
	return (struct falcon_flow){ .gate_cpu = cpu, .gate_in_cell = true };
}

static void gate__opens_when_the_gro_cell_and_then_the_backlog_have_drained(void **state)
{
	struct falcon_flow flow = gated(0);

	falcon_gate_shut(falcon_gate_of(0), &flow);
	polls(0, ROUNDS);
	/* The GRO cell has drained, so the mark is set; the backlog has three packets by then. */
	softnet_data[0].input_queue_tail = 3;
	assert_null(poll(0));
	softnet_data[0].input_queue_head = 2;
	assert_null(poll(0));
	/* A packet may enter the backlog again after it has passed, twice. */
	softnet_data[0].input_queue_head = 3;
	softnet_data[0].input_queue_tail = 4;
	assert_null(poll(0));
	softnet_data[0].input_queue_head = 4;
	softnet_data[0].input_queue_tail = 5;
	assert_null(poll(0));
	assert_true(falcon_gate_has_gated(falcon_gate_of(0)));
	softnet_data[0].input_queue_head = 5;
	assert_ptr_equal(poll(0), &flow);
	assert_false(falcon_gate_has_gated(falcon_gate_of(0)));
	assert_null(poll(0));
}

static void gate__opens_at_once_after_the_cell_when_the_backlog_is_empty(void **state)
{
	struct falcon_flow flow = gated(0);

	falcon_gate_shut(falcon_gate_of(0), &flow);
	polls(0, ROUNDS);
	assert_ptr_equal(poll(0), &flow);
}

/* Rounds count from the moment at which the gate was shut, and may wrap. */
static void gate__counts_its_rounds_from_the_moment_it_was_shut(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(0);
	struct falcon_flow early = gated(0), late = gated(0);

	gate->rounds = ~0U - 1;
	falcon_gate_shut(gate, &early);
	polls(0, 2);
	falcon_gate_shut(gate, &late);
	polls(0, ROUNDS - 2);
	assert_ptr_equal(poll(0), &early);
	polls(0, 1);
	assert_ptr_equal(poll(0), &late);
}

static void gate__waits_anew_on_the_cpu_that_took_over_from_one_that_went_offline(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(1);
	struct falcon_flow flow = gated(1);

	shim_cpu = 1;
	falcon_gate_shut(gate, &flow);
	polls(1, ROUNDS - 1);
	/* CPU 2 polls the gate, and has the packets of CPU 1's queues. */
	shim_offline = 1;
	softnet_data[2].input_queue_tail = 1;
	shim_cpu = 2;
	assert_null(falcon_gate_next(gate));
	assert_int_equal(flow.gate_cpu, 2);
	gate->rounds += ROUNDS - 1;
	assert_null(falcon_gate_next(gate));
	gate->rounds++;
	assert_null(falcon_gate_next(gate));
	softnet_data[2].input_queue_head = 1;
	assert_ptr_equal(falcon_gate_next(gate), &flow);
}

/* The packets of the marked backlog have moved behind the GRO cell of another CPU. */
static void gate__whose_cpu_went_offline_behind_the_cell_waits_for_another_cell(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(1);
	struct falcon_flow flow = gated(1);

	shim_cpu = 1;
	softnet_data[1].input_queue_tail = 1;
	falcon_gate_shut(gate, &flow);
	polls(1, ROUNDS + 1);
	assert_false(flow.gate_in_cell);
	shim_offline = 1;
	shim_cpu = 2;
	assert_null(falcon_gate_next(gate));
	gate->rounds += ROUNDS - 1;
	assert_null(falcon_gate_next(gate));
	gate->rounds++;
	assert_ptr_equal(falcon_gate_next(gate), &flow);
}

static void gate__that_is_cancelled_is_never_opened(void **state)
{
	struct falcon_flow one = gated(0), other = gated(0);

	falcon_gate_shut(falcon_gate_of(0), &one);
	falcon_gate_shut(falcon_gate_of(0), &other);
	falcon_gate_cancel(falcon_gate_of(0), &one);
	polls(0, ROUNDS);
	assert_ptr_equal(poll(0), &other);
	assert_null(poll(0));
}

static void gate__rings_the_home_cpu_of_a_flow_that_leaves(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(3);
	struct falcon_flow one = {}, other = {};
	LIST_HEAD(leaving);

	assert_false(falcon_gate_take_released(gate, &leaving));
	falcon_gate_release(3, &one);
	assert_int_equal(shim_calls, 1);
	assert_true(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	assert_int_equal(gate->napi.cpu, 3);
	falcon_gate_release(3, &other);
	shim_cpu = 3;
	assert_true(falcon_gate_take_released(gate, &leaving));
	assert_ptr_equal(leaving.next, &one.gate_node);
	assert_ptr_equal(leaving.prev, &other.gate_node);
	assert_false(falcon_gate_take_released(gate, &leaving));
	/* One of them waits for the next poll. */
	list_del_init(&one.gate_node);
	clear_bit(NAPI_STATE_SCHED, &gate->napi.state);
	falcon_gate_give_released(gate, &leaving);
	assert_true(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	INIT_LIST_HEAD(&leaving);
	assert_true(falcon_gate_take_released(gate, &leaving));
	assert_ptr_equal(leaving.next, &other.gate_node);
	list_del(&other.gate_node);
}

/* Like any NAPI instance of a CPU that has gone offline. */
static void gate__of_a_cpu_that_is_offline_is_polled_here(void **state)
{
	struct falcon_flow flow = {};

	shim_offline = 2;
	shim_cpu = 1;
	falcon_gate_release(2, &flow);
	assert_int_equal(shim_calls, 0);
	assert_true(test_bit(NAPI_STATE_SCHED, &falcon_gate_of(2)->napi.state));
	assert_int_equal(falcon_gate_of(2)->napi.cpu, 1);
}

/* The gate's IPI is one for all: those who find it under way need none of their own. */
static void gate__whose_call_is_under_way_is_not_polled_by_another_cpu(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(3);
	struct falcon_flow one = {}, other = {};
	LIST_HEAD(leaving);

	shim_calls_arrive = false;
	falcon_gate_release(3, &one);
	shim_cpu = 1;
	falcon_gate_release(3, &other);
	assert_int_equal(shim_calls, 1);
	assert_false(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	assert_int_equal(cpus_let_calls_arrive(), 1);
	assert_true(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	assert_int_equal(gate->napi.cpu, 3);
	assert_true(falcon_gate_take_released(gate, &leaving));
	assert_ptr_equal(leaving.next, &one.gate_node);
	assert_ptr_equal(leaving.prev, &other.gate_node);
	/* The call has arrived, so the next flow makes a new one. */
	list_del_init(&one.gate_node);
	falcon_gate_release(3, &one);
	assert_int_equal(shim_calls, 2);
}

static void gate__goes_home_by_a_call(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(1);

	shim_cpu = 2;
	falcon_gate_go_home(gate);
	assert_int_equal(shim_calls, 1);
	assert_true(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	assert_int_equal(gate->napi.cpu, 1);
}

/* By a process, which must not be interrupted between the request and the softirq. */
static void gate__of_this_cpu_looks_when_a_process_asks(void **state)
{
	shim_cpu = 2;
	cpus_process();
	falcon_gate_look();
	assert_int_equal(shim_bh_off, 0);
	assert_int_equal(shim_calls, 0);
	assert_true(test_bit(NAPI_STATE_SCHED, &falcon_gate_of(2)->napi.state));
	assert_int_equal(falcon_gate_of(2)->napi.cpu, 2);
}

/* Both are processes on another CPU. */
static void gate__of_a_cpu_that_comes_is_foreign_to_all_others(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(1);

	shim_offline = 1;
	shim_cpu = 2;
	assert_false(falcon_gate_is_foreign(gate));
	cpus_process();
	falcon_gate_cpu_comes(1);
	assert_true(falcon_gate_is_foreign(gate));
	shim_cpu = 1;
	assert_false(falcon_gate_is_foreign(gate));
	shim_cpu = 2;
	shim_offline = SHIM_CPUS;
	falcon_gate_cpu_came(1);
	assert_int_equal(shim_bh_off, 0);
	assert_true(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	assert_int_equal(gate->napi.cpu, 1);
	assert_true(falcon_gate_is_foreign(gate));
}

static void gate__of_a_cpu_that_does_not_come_after_all_is_polled_here(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(1);

	shim_offline = 1;
	shim_cpu = 2;
	cpus_process();
	falcon_gate_cpu_comes(1);
	falcon_gate_cpu_came(1);
	assert_false(falcon_gate_is_foreign(gate));
	assert_true(test_bit(NAPI_STATE_SCHED, &gate->napi.state));
	assert_int_equal(gate->napi.cpu, 2);
}

static void gates__are_flushed_when_each_that_rang_has_been_polled(void **state)
{
	assert_true(falcon_gates_are_flushed(true));
	shim_cpu = 1;
	napi_schedule(&falcon_gate_of(1)->napi);
	assert_false(falcon_gates_are_flushed(true));
	/* The gate has been polled, and is scheduled again under traffic. */
	poll(1);
	napi_schedule(&falcon_gate_of(1)->napi);
	assert_true(falcon_gates_are_flushed(false));
	/*
	 * A gate that is scheduled after the beginning does not matter, one that was scheduled
	 * before does.
	 */
	assert_false(falcon_gates_are_flushed(true));
	poll(1);
	assert_true(falcon_gates_are_flushed(false));
}

/* The poll on another CPU has handed nothing over. */
static void gates__are_not_flushed_while_one_goes_home(void **state)
{
	struct falcon_gate *gate = falcon_gate_of(1);

	gate->homing = true;
	assert_false(falcon_gates_are_flushed(true));
	assert_false(falcon_gates_are_flushed(false));
	poll(1);
	assert_true(falcon_gates_are_flushed(false));
	assert_true(falcon_gates_are_flushed(true));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(gate__opens_when_the_gro_cell_and_then_the_backlog_have_drained),
		unit_case(gate__opens_at_once_after_the_cell_when_the_backlog_is_empty),
		unit_case(gate__counts_its_rounds_from_the_moment_it_was_shut),
		unit_case(gate__waits_anew_on_the_cpu_that_took_over_from_one_that_went_offline),
		unit_case(gate__whose_cpu_went_offline_behind_the_cell_waits_for_another_cell),
		unit_case(gate__that_is_cancelled_is_never_opened),
		unit_case(gate__rings_the_home_cpu_of_a_flow_that_leaves),
		unit_case(gate__of_a_cpu_that_is_offline_is_polled_here),
		unit_case(gate__whose_call_is_under_way_is_not_polled_by_another_cpu),
		unit_case(gate__goes_home_by_a_call),
		unit_case(gate__of_this_cpu_looks_when_a_process_asks),
		unit_case(gate__of_a_cpu_that_comes_is_foreign_to_all_others),
		unit_case(gate__of_a_cpu_that_does_not_come_after_all_is_polled_here),
		unit_case(gates__are_flushed_when_each_that_rang_has_been_polled),
		unit_case(gates__are_not_flushed_while_one_goes_home),
	};

	return unit_run(tests);
}
