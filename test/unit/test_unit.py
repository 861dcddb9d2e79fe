# SPDX-License-Identifier: GPL-2.0
"""The pure parts of the module, compiled unchanged for user space, under ASan and UBSan, or TSan.

Every case of every program is a test here. A program runs once; its output says how each case ended. A case that began
and did not end crashed the program.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from vm import tools

HERE = Path(__file__).resolve().parent
OUT = tools.UNIT
LIMIT = 300
PROGRAMS = sorted(path.stem for path in HERE.glob("test_*.c"))


def cases(program):
    return re.findall(r"^\t\t(?:cmocka_unit_test|unit_case)\((\w+)\),$", (HERE / f"{program}.c").read_text(), re.M)


CASES = [(program, case) for program in PROGRAMS for case in cases(program)]


class Run:
    """A program's output on its cases, and how it ended."""

    def __init__(self, status, output):
        self.status, self.output = status, output

    def outcome(self, case):
        """passed, failed, unfinished or missing."""
        for outcome, mark in (("failed", "  FAILED  "), ("passed", "       OK "), ("unfinished", " RUN      ")):
            if f"[{mark}] {case}\n" in self.output:
                return outcome
        return "missing"

    def about(self, case):
        """The output from the case's beginning on; all output if the case never began."""
        _, begin, rest = self.output.partition(f"[ RUN      ] {case}\n")
        return (begin + rest.partition("[ RUN ")[0])[-6000:] if begin else self.output[-6000:]


@pytest.fixture(scope="session")
def built():
    tools.make("test/unit", OUT, "all")


@pytest.fixture(scope="session")
def run(built):
    runs = {}

    def once(program):
        if program not in runs:
            runs[program] = execute([OUT / program])
        return runs[program]
    return once


def execute(argv, tsan="halt_on_error=1"):
    environ = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "CMOCKA_MESSAGE_OUTPUT": "STDOUT",
               "UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": tsan}
    done = subprocess.run(argv, text=True, env=environ, timeout=LIMIT, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return Run(done.returncode, done.stdout)


@pytest.mark.parametrize("program, case", CASES, ids=[f"{program}-{case}" for program, case in CASES])
def test_case(run, program, case):
    result = run(program)
    assert result.outcome(case) == "passed", result.about(case)


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_ends_well(run, program):
    """No leak and no sanitizer report, also after the last case, and no other cases than those above."""
    result = run(program)
    assert result.status == 0, result.output[-6000:]
    assert re.findall(r"^\[ RUN      \] (\w+)$", result.output, re.M) == cases(program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_function_that_looks_like_a_case_is_one(program):
    text = (HERE / f"{program}.c").read_text()
    assert sorted(re.findall(r"^static void (\w+__\w+)\(void \*\*state\)$", text, re.M)) == sorted(cases(program))
    assert cases(program)


BAD = r"""
#include "unit.h"
#include "flow/packet.h"

static void good(void **state) { assert_true(1); }
static void bad(void **state) { assert_int_equal(1, 2); }

/* What the tests of the parser count on: one byte too far is seen. */
static void beyond(void **state)
{
	u8 *volatile block = calloc(20, 1);	/* so that no check but ASan's knows its size */

	assert_int_equal(block[0] & 0, 0);
	assert_int_not_equal(block[20] | 1, 0);
}

static void after(void **state) { assert_true(1); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good), cmocka_unit_test(bad), cmocka_unit_test(beyond), cmocka_unit_test(after),
	};
	return unit_run(tests);
}
"""


def test_a_source_that_has_moved_is_found_in_a_tree_that_was_built_before(tmp_path):
    target = f"{tmp_path}/chain.o"
    tools.make("test/unit", tmp_path, target)
    dependencies = tmp_path / "chain.d"
    assert f"{MODULE}/core/chain.c" in dependencies.read_text()
    dependencies.write_text(dependencies.read_text().replace(f"{MODULE}/core/chain.c", f"{MODULE}/chain.c"))
    tools.make("test/unit", tmp_path, target)
    assert f"{MODULE}/core/chain.c" in dependencies.read_text(), "nothing was built"


def test_failures_are_seen(built, tmp_path):
    """A program whose cases fail, one by an assertion and one by a read one byte too far."""
    (tmp_path / "test_bad.c").write_text(BAD)
    made = subprocess.run(["make", "-s", "-C", str(HERE), f"O={tmp_path}", "programs=test_bad",
                           f"{tmp_path}/test_bad.o"], text=True, check=False, capture_output=True,
                          env={**os.environ, "VPATH": str(tmp_path)})
    assert made.returncode == 0, made.stderr
    subprocess.run(["cc", "-fsanitize=address,undefined", "-o", tmp_path / "bad", tmp_path / "test_bad.o",
                    "-lcmocka"], check=True)
    result = execute([tmp_path / "bad"])
    assert result.status != 0
    assert [result.outcome(case) for case in ("good", "bad", "beyond", "after")] == [
        "passed", "failed", "unfinished", "missing"]
    assert "heap-buffer-overflow" in result.output


def test_model_tries_many_orders(run, record_property):
    """The model checker's figures. Each of its cases itself asserts that it has explored thousands of states."""
    said = re.findall(r"^(\w+): (\d+) states, (\d+) steps, (\d+) ends, (\d+) refusals$",
                      run("test_reorder_model").output, re.M)
    assert [case for case, *_ in said] == cases("test_reorder_model")
    sums = [sum(int(case[column]) for case in said) for column in range(1, 5)]
    for name, figure in zip(("states", "steps", "ends", "refusals"), sums):
        record_property(name, figure)
    assert sums[0] > 1_000_000


MODULE = HERE.parents[1] / "module"
REORDER = MODULE / "lanes/reorder.c"
CHAIN = MODULE / "core/chain.c"

# Possible faults in reorder.c or chain.c: id, the original text, the fault, and the model checker's verdict.
FAULTS = [
    ("released-before-done", "run->state != FALCON_RUN_DONE", "false", "in no lane|in two places|overtakes"),
    ("started-taken-for-done", "run->state != FALCON_RUN_DONE", "run->state == FALCON_RUN_QUEUED",
     "overtakes|in two places"),
    ("released-past-the-ring", "falcon_chain_splice(&run->packets, output);", "falcon_chain_splice(released, output);",
     "overtakes another"),
    ("held-not-counted", "reorder->held += run->gave;", "", "held is wrong"),
    ("held-counted-late", "reorder->held -= run->gave;", "reorder->held -= run->packets.count;", "held is wrong"),
    ("held-told-wrong", "run->number == reorder->head ? 0 : output->count", "output->count", "not what must wait"),
    ("taken-not-counted-down", "reorder->taken -= run->taken;", "", "taken is wrong"),
    ("full-ring-not-seen", "reorder->tail - reorder->head == FALCON_RUNS", "false", "more runs than the ring has"),
    ("full-ring-seen-early", "reorder->tail - reorder->head == FALCON_RUNS", "reorder->tail - reorder->head == FALCON_RUNS - 1",
     "there is room"),
    ("wrap-not-thought-of", "reorder->tail - reorder->head == FALCON_RUNS", "reorder->tail >= reorder->head + FALCON_RUNS",
     "there is room|more runs"),
    ("started-run-grows", "run->state != FALCON_RUN_QUEUED ||", "", "not queued"),
    ("start-does-not-close", "run->state = FALCON_RUN_STARTED;", "", "in no lane|in a lane"),
    ("another-worker-s-run-grows", "run->worker != worker ||", "", "another micro-flow"),
    ("another-batch-s-run-grows", "|| run->batch != batch", "", "another micro-flow"),
    ("run-grows-without-end", "|| run->taken >= FALCON_RUN_MAX", "", "there is room"),
    ("run-too-long", "FALCON_RUN_MAX - run->taken", "FALCON_RUN_MAX + 1 - run->taken", "too long"),
    ("one-released-only", "reorder->head++;", "reorder->head++;\n\t\tbreak;", "done and not released"),
    ("link-forgotten", "to->last->next = from->first;", ";", "chain is broken"),
    ("source-not-emptied", "*from = (struct falcon_chain){};", "", "in two places|broken|is left|lost by assign"),
    ("cut-not-ended", "part.last->next = NULL;", "", "chain is broken"),
]


def spoiled(source, copy, text, fault):
    """A copy of a source in which the fault replaces the one occurrence of the text."""
    whole = source.read_text()
    assert whole.count(text) == 1, f"{source.name} has not one {text}"
    copy.write_text(whole.replace(text, fault))
    return copy


def compiled(program, sanitizer, *sources):
    done = subprocess.run(["cc", "-std=gnu11", "-O1", "-g", f"-fsanitize={sanitizer}", "-o", program, *sources,
                           f"-I{HERE}", f"-I{HERE}/shim", f"-I{MODULE}", "-lcmocka"],
                          text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return program


@pytest.mark.parametrize("text, fault, violation", [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_model_finds(built, tmp_path, text, fault, violation):
    """The model checker finds each fault, put into a copy of the source that has the text, and prints the steps that
    lead to it.
    """
    source, other = (REORDER, CHAIN) if text in REORDER.read_text() else (CHAIN, REORDER)
    program = compiled(tmp_path / "model", "address,undefined", "-include", OUT / "small/reorder.h",
                       spoiled(source, tmp_path / source.name, text, fault), other,
                       *(OUT / f"{name}.o" for name in ("test_reorder_model", "step", "world", "seen")))
    result = execute([program])
    assert result.status != 0
    found = re.findall(r"^model__\w+: violation: (.*), after\n((?:  \w+ +\d+ \d+\n)+)", result.output, re.M)
    assert found, result.output[-6000:]
    assert any(re.search(violation, what) for what, steps in found), [what for what, steps in found]


# Possible faults in files that are compiled against shims: file, original text, the fault, and the case that must fail.
SHIMMED = [
    ("lanes/lane.c", "run->number != first + count", "(false && first)", "lane__takes_consecutive_runs_of_a_flow_together"),
    ("lanes/lane.c", "> LATE_NS", ">= LATE_NS", "lane__is_helped_only_when_its_cpu_is_late"),
    ("lanes/lane.c", "return !test_and_set_bit_lock(0, &lane->owned);", "return true;",
     "lane__is_left_to_the_helper_until_that_is_done"),
    ("lanes/lane.c", "likely(!lane->helped) ||", "true ||", "lane__is_not_helped_with_a_flow_that_must_stay_on_its_cpu"),
    ("lanes/lane.c", "llist_empty(&lane->posted_runs) && llist_empty(&lane->posted_deliveries)", "true",
     "lane__sees_what_is_posted_before_it_becomes_idle"),
    ("lanes/gate.c", "FALCON_BACKLOG_PASSES", "1", "gate__opens_when_the_gro_cell_and_then_the_backlog_have_drained"),
    ("lanes/gate.c", "flow->gate_in_cell = true;", "", "gate__whose_cpu_went_offline_behind_the_cell_waits_for_another_cell"),
    ("lanes/inbox.c", "return llist_reverse_order(llist_del_all(&inbox->parcels));", "return llist_del_all(&inbox->parcels);",
     "inbox__gives_parcels_oldest_first_as_they_were_posted"),
    ("lanes/flow_table.c", "now - entry->since > now - found->since", "(now && entry->since < found->since)",
     "flow_table__evicts_the_quietest_flow"),
    ("lanes/flow_table.c", "mutex_lock(&table_lock);\n\treturn", "return", "flow_table__can_be_held_when_there_is_none"),
    ("lanes/lane.c", "hrtimer_start(&lane->timer, ns_to_ktime(wait), HRTIMER_MODE_REL_PINNED);", "(void)lane;",
     "lane__tries_a_delivery_again_that_had_no_room"),
    ("lanes/lane.c", "packets >= budget", "false", "lane__takes_no_more_consecutive_runs_than_the_budget"),
    ("lanes/lane.c", "lane->cpu != smp_processor_id() && ", "", "lane__is_not_helped_by_its_own_cpu"),
    ("lanes/stray.h", "strays->flows[index] == hash)\n", "true)\n", "stray__of_flows_with_one_index_forgets_none"),
    ("lanes/stray.h", "likely(!strays->packets.count)", "false", "strays__are_expected_of_the_noted_flows_once_there_is_one"),
    ("lanes/bins.c", "falcon_strays_expect(&bins->strays, hash);", "(void)hash;",
     "bin__of_a_flow_that_has_left_keeps_its_later_packets_behind"),
    ("lanes/gate.c", "== -ENXIO", "", "gate__whose_call_is_under_way_is_not_polled_by_another_cpu"),
    ("lanes/gate_poll.c", "\tlocal_bh_disable();\n\tfalcon_gate_take_released", "\tfalcon_gate_take_released",
     "gate_poll__drop_counts_the_packets_of_flows_that_nobody_has"),
]


def assert_found(tmp_path, file, text, fault, case):
    """The case fails with the fault in the module's file."""
    place = tmp_path / (file if file.endswith(".h") else Path(file).name)
    place.parent.mkdir(exist_ok=True)
    spoiled(MODULE / file, place, text, fault)
    program = next(program for program, other in CASES if other == case)
    made = subprocess.run(["make", "-s", "-C", str(HERE), f"O={tmp_path}/out", f"spoiled={tmp_path}",
                           f"{tmp_path}/out/{program}"], text=True, check=False, capture_output=True)
    assert made.returncode == 0, made.stderr
    result = execute([tmp_path / "out" / program])
    assert result.outcome(case) in ("failed", "unfinished"), result.output[-6000:]


@pytest.mark.parametrize("file, text, fault, case", SHIMMED, ids=[case for *_, case in SHIMMED])
def test_case_finds(built, tmp_path, file, text, fault, case):
    assert_found(tmp_path, file, text, fault, case)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU sees its own writes in order")
def test_a_missing_barrier_is_found(built, tmp_path):
    """The compiler alone keeps the order of falcon_inbox_retry()."""
    assert_found(tmp_path, "lanes/inbox.h", "smp_mb();", "__atomic_signal_fence(__ATOMIC_SEQ_CST);",
                 "inbox__is_seen_by_who_posts_or_by_who_gives_the_lock_back")


def test_threads_that_forget_the_lock_are_seen(built, tmp_path):
    """TSan checks the module's own code: workers that finish without the flow's lock."""
    lock, finish = "\tpthread_mutex_lock(&flow->lock);\n", "\tfor (i = 0; i < count; i++)\n\t\tflow->held"
    count = "\tflow->dropped += dropped;"
    source = spoiled(HERE / "test_reorder_threads.c", tmp_path / "never.c", lock + finish, finish)
    source = spoiled(source, tmp_path / "late.c", count, lock + count)
    result = execute([compiled(tmp_path / "threads", "thread", source, REORDER, CHAIN)])
    assert result.status != 0
    assert "WARNING: ThreadSanitizer: data race" in result.output, result.output[-6000:]
    assert "falcon_reorder_finish" in result.output, result.output[-6000:]


def test_threads_see_packets_that_overtake(built, tmp_path):
    """Without the merge, several workers do reorder, and the threads' own test detects it."""
    source = spoiled(REORDER, tmp_path / "reorder.c", "falcon_chain_splice(&run->packets, output);",
                     "falcon_chain_splice(released, output);")
    program = compiled(tmp_path / "threads", "thread", HERE / "test_reorder_threads.c", source, CHAIN)
    result = execute([program], tsan="report_bugs=0")
    assert result.outcome("threads__order_conservation_no_stall") == "failed", result.output[-6000:]
    assert re.search(r"^flow \d: .* [1-9]\d* faults$", result.output, re.M)
