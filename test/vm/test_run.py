# SPDX-License-Identifier: GPL-2.0
"""test/run's last lines and exit code for given outcomes."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

PATH = str(Path(__file__).resolve().parents[1] / "run")
RUN = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", importlib.machinery.SourceFileLoader("run", PATH)))
RUN.__spec__.loader.exec_module(RUN)
UNIT, NET, STRESS = "test/unit/test_unit.py::test_a", "test/net/test_a.py::test_a[6.12]", "test/stress/test_a.py::test_a[6.1]"
BECAUSE = ("because", "assert 1 == 2")
TWICE = ("failed 2 times, as", "others used 40% of the machine; stale breakpoint")


def end(capfd, outcomes, again=()):
    """The exit code and the last lines printed, for {node: outcome}."""
    progress = RUN.Progress()
    for node, outcome in outcomes.items():
        # A test that is skipped during its set-up is not called.
        for when in ("setup", "teardown") if outcome == "skipped" else ("setup", "call", "teardown"):
            report = SimpleNamespace(
                nodeid=node, when=when, duration=1, failed=outcome == "failed" and when == "call", longreprtext="", sections=[],
                skipped=outcome == "skipped" and when == "setup", longrepr=("file", 1, "why"),
                user_properties=[TWICE, ("failed", 7)] if node in again else [("figures", 7)])
            if outcome == "failed":
                report.user_properties.append(BECAUSE)
            progress.pytest_runtest_logreport(report)
    capfd.readouterr()
    code = RUN.end(progress, [pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED])
    return code, capfd.readouterr().out.splitlines()


def test_last_line_counts_the_outcomes(capfd):
    code, lines = end(capfd, {UNIT: "passed", NET: "skipped", STRESS: "passed"})
    assert (code, lines[-1]) == (0, "2 passed, 0 failed, 1 skipped")
    assert not any("again" in line for line in lines)
    code, lines = end(capfd, {UNIT: "passed", NET: "failed"})
    assert (code, lines[-2:]) == (1, [f"failed: {NET}: {BECAUSE[1]}", "1 passed, 1 failed, 0 skipped"])


def test_tests_that_were_tried_again_are_named_and_counted(capfd):
    code, lines = end(capfd, {UNIT: "passed", NET: "passed", STRESS: "passed"}, again=(NET, STRESS))
    assert (code, lines[-2:]) == (0, ["(2 tried again)", "3 passed, 0 failed, 0 skipped"])
    assert lines[-4] == f"tried again: {NET}: {' '.join(TWICE)}"


@pytest.mark.parametrize("outcomes", [{UNIT: "passed", NET: "skipped"}, {UNIT: "passed", NET: "skipped", STRESS: "skipped"}])
def test_no_success_when_every_test_in_a_guest_was_skipped(capfd, monkeypatch, outcomes):
    monkeypatch.delenv("GUESTS", raising=False)
    code, lines = end(capfd, outcomes)
    assert code == 1 and lines[-1].startswith("1 passed, 0 failed, ")
    assert "every test in a guest was skipped" in lines[-2]
    monkeypatch.setenv("GUESTS", "no")
    assert end(capfd, outcomes)[0] == 0


def test_success_without_tests_in_guests(capfd):
    assert end(capfd, {UNIT: "passed"})[0] == 0
