# SPDX-License-Identifier: GPL-2.0
"""The model of a real host: its arithmetic, and its sources."""

import pytest

from bench import estimate
from bench.estimate import Work

CLUSTER, SOCKET, OTHER = estimate.LINES


def test_time_is_instructions_and_lines():
    found = estimate.estimate(10000, 100, SOCKET, estimate.Constant("a", 0.25, "made up"))
    assert found.ns == pytest.approx(10000 * 0.25 + 100 * 48)
    assert found.memory == pytest.approx(4800 / 7300)
    assert found.per_s == pytest.approx(1e9 / 7300)


def test_without_lines_it_is_the_clock():
    found = estimate.estimate(3000, 0, OTHER)
    assert (found.ns, found.memory) == (pytest.approx(3000 * 0.66 / 3.0), 0)


def test_farther_lines_take_longer():
    times = [estimate.estimate(5000, 50, line).ns for line in estimate.LINES]
    assert times == sorted(times) and len(set(times)) == 3


def test_lines_may_make_another_cpu_the_limit():
    path = [Work("nic", 4000, 10), Work("worker", 3500, 40), Work("", 0, 0)]
    assert estimate.limit(path, estimate.Constant("none", 0, "made up"))[0] == "nic"
    assert estimate.limit(path, OTHER)[0] == "worker"


def test_lines_are_shared_out_by_instructions():
    assert estimate.spread(100, [3, 1, 0]) == [75, 25, 0]
    assert estimate.spread(100, [0, 0]) == [0, 0]


@pytest.mark.parametrize("instructions, lines", [(0, 1), (-1, 0), (10, -1)])
def test_no_work_has_no_estimate(instructions, lines):
    with pytest.raises(ValueError, match="no work"):
        estimate.estimate(instructions, lines, SOCKET)


def test_every_constant_has_its_source_with_the_figure():
    for constant in estimate.LINES:
        assert f"{constant.ns} ns" in constant.source
    assert str(estimate.CPI) in estimate.INSTRUCTION.source
