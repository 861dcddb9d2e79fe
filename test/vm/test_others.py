# SPDX-License-Identifier: GPL-2.0
"""The harness distinguishes a machine that others keep busy from a fault."""

import io
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from conftest import what_failed, why_again
from vm import crash
from vm.others import MUCH, Others, own_ticks

BURN = "import time\nwhile time.process_time() < 1: pass"     # a second of CPU time, however long that takes
SECOND = os.sysconf("SC_CLK_TCK")


def burn():
    subprocess.run([sys.executable, "-c", BURN], check=True)


def test_what_a_child_used_that_has_ended_is_the_tests_own():
    before = own_ticks(os.getpid())
    burn()
    assert own_ticks(os.getpid()) - before > 0.9 * SECOND


def test_what_others_use_is_seen():
    began = time.monotonic()
    others = Others(root=2 ** 22 + 1)       # a process that does not exist, so all processes are others
    burn()
    assert others.share() > 0.9 / (time.monotonic() - began) / os.cpu_count()


@pytest.mark.parametrize("error", [FileNotFoundError, ProcessLookupError])
def test_a_process_that_ends_while_it_is_looked_at_is_passed_over(monkeypatch, error):
    gone = f"/proc/{os.getppid()}/stat"

    def ending(call):
        def called(path, *args, **kwargs):
            if str(path) == gone:
                raise error(gone)
            return call(path, *args, **kwargs)
        return called
    for module, name in ((os, "stat"), (io, "open")):
        monkeypatch.setattr(module, name, ending(getattr(module, name)))
    assert own_ticks(os.getpid()) > 0


def report(failed, text=""):
    return SimpleNamespace(failed=failed, longreprtext=text)


def test_only_what_failed_is_tried_again_and_only_for_a_reason():
    assert why_again([report(False)], others=0.9) is None
    assert why_again([report(True, "assert 1 == 2")], others=MUCH / 2) is None
    assert why_again([report(False), report(True)], others=0.4) == "others used 40% of the machine"
    assert why_again([report(True, f"panic: {crash.STALE}: int3")], others=0) == crash.STALE


def test_a_failure_is_told_in_one_line():
    crashed = SimpleNamespace(failed=True, longrepr=SimpleNamespace(reprcrash=SimpleNamespace(message="assert 1 == 2\n +  where 1")))
    assert what_failed([SimpleNamespace(failed=False), crashed]) == "assert 1 == 2 + where 1"
    assert what_failed([SimpleNamespace(failed=True, longrepr="no more than a text")]) == "?"
