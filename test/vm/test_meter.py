# SPDX-License-Identifier: GPL-2.0
"""QEMU's plugin counts exactly the instructions that the guest executes, in either mode, and reports requests that it
cannot serve.
"""

import contextlib

import pytest

from vm import meter, tools
from vm.guest import Guest
from vm.meter import MeterFailed

CPU, OTHER = 1, 2
KNOWN = "/falcon/build/plugin/known"
# Allowance for the start of a program, timer ticks, and other work of the guest.
AROUND = 3_000_000


@pytest.fixture(scope="module")
def metered(request):
    from conftest import selected   # pylint: disable=import-outside-toplevel
    tools.plugin()
    kernels = selected(request.config)
    with Guest(kernel="6.12" if "6.12" in kernels else kernels[0], vcpus=4, metered=True, time_limit=600) as guest:
        guest.kallsyms = meter.kallsyms(guest)
        yield guest


@contextlib.contextmanager
def closely(guest):
    guest.meter.look_closely(guest.kallsyms, guest.directory)
    try:
        yield
    finally:
        guest.meter.count()


def spent(guest, script):
    """Totals of the CPU on which the script runs."""
    before = guest.meter.totals()
    guest.run(f"taskset -c {CPU} {script}")
    return [last - first for first, last in zip(before, guest.meter.totals())]


@pytest.mark.parametrize("mode", [contextlib.nullcontext, closely], ids=["count", "lines"])
def test_instructions_are_counted_exactly(metered, mode):
    count = 50_000_000
    with mode(metered):
        user = spent(metered, f"{KNOWN} loop {count}")[CPU].user
    assert 2 * count <= user < 2 * count + AROUND


def test_a_repeated_instruction_is_one_and_its_accesses_are_counted(metered):
    count, size = 10_000, 4096
    found = spent(metered, f"{KNOWN} rep {count}")[CPU]
    assert found.user < AROUND
    assert count * size <= found.repeats < 1.1 * count * size


def test_an_idle_guest_executes_next_to_nothing(metered):
    before = metered.meter.totals()
    metered.run(f"taskset -c {CPU} sleep 2")
    spent_by = [last - first for first, last in zip(before, metered.meter.totals())]
    assert all(totals.instructions < 20 * AROUND for totals in spent_by)
    assert all(totals.user < AROUND for totals in spent_by)


def test_lines_that_two_vcpus_write_in_turn_move_each_time(metered):
    count = 50_000
    with closely(metered):
        found = spent(metered, f"{KNOWN} share {count} {CPU} {OTHER}")
    for cpu in (CPU, OTHER):
        # each vCPU reads the line that the other wrote, then writes it; more transfers if it reads too early
        assert count <= found[cpu].lines < 5 * count
    with closely(metered):
        alone = spent(metered, f"{KNOWN} loop 1000000")[CPU]
    # starting a program moves some lines as well
    assert alone.lines < found[CPU].lines / 2


def test_blocks_add_up_to_the_kernels_instructions(metered):
    before, first = metered.meter.totals(), metered.meter.blocks()
    metered.run(f"taskset -c {CPU} find /sys/class /sys/devices -name nothing")
    last, after = metered.meter.blocks(), metered.meter.totals()
    for cpu in range(metered.vcpus):
        grown = sum((counts[cpu] - (first[key][cpu] if key in first else 0)) * key[1] for key, counts in last.items())
        kernel = after[cpu].kernel - before[cpu].kernel
        assert grown == pytest.approx(kernel, rel=0.02, abs=AROUND)


def test_stacks_tell_who_called_whom(metered):
    names = {int(line.split()[0], 16): line.split()[2] for line in metered.kallsyms.splitlines() if line.split()[1] in "tT"}
    with closely(metered):
        before = metered.meter.totals()
        metered.run(f"taskset -c {CPU} find /sys/class /sys/devices -name nothing")
        after, stacks = metered.meter.totals(), metered.meter.stacks()[CPU]
    kernel = (after[CPU] - before[CPU]).kernel
    assert sum(node.instructions for node in stacks) == pytest.approx(kernel, rel=0.1, abs=AROUND)
    assert sum(node.lines for node in stacks) == pytest.approx((after[CPU] - before[CPU]).lines, rel=0.1, abs=AROUND)

    def called(node):
        found = set()
        while node.parent:
            node = stacks[node.parent]
            found.add(names.get(node.function))
        return found
    reads = [node for node in stacks[1:] if names.get(node.function) == "iterate_dir"]
    assert reads and any("do_syscall_64" in called(node) for node in reads)
    inside = [node for node in stacks[1:] if "iterate_dir" in called(node)]
    assert len(inside) > 5
    # an interrupt is not part of the function that it interrupts, but stands in its stack
    assert all(node.parent < number for number, node in enumerate(stacks) if number)


def test_what_it_cannot_answer_it_says(metered):
    # pylint: disable=protected-access
    with pytest.raises(MeterFailed, match="nonsense: no such request"):
        metered.meter._ask("nonsense")
    with pytest.raises(MeterFailed, match="no file of functions"):
        metered.meter._ask("lines /nowhere")
    (metered.directory / "functions").write_text("20\n10\n")
    with pytest.raises(MeterFailed, match="no file of functions"):
        metered.meter._ask(f"lines {metered.directory / 'functions'}")
    assert len(metered.meter.totals()) == metered.vcpus


def test_functions_are_in_order_and_those_where_interrupts_enter_are_marked():
    text = ("ffffffff81000010 T second\nffffffff81000000 t first\nffffffff81000000 t __pfx_second\n"
            "ffffffff81000020 T asm_common_interrupt\nffffffff81000030 D data\nffffffffc0000000 t its\t[falcon]\n")
    assert meter.functions(text) == ["ffffffff81000000\n", "ffffffff81000010\n", "ffffffff81000020 i\n", "ffffffffc0000000\n"]
