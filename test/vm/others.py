# SPDX-License-Identifier: GPL-2.0
"""How much of the machine is used by processes that are not the tests'.

A vCPU is a thread that may wait for a CPU of the host. If others keep the machine busy, a guest is late for reasons
that are no fault of falcon.
"""

import os
import time
from pathlib import Path

ROOT = "FALCON_TEST_ROOT"       # ancestor of all processes of the tests
MUCH = 0.25                     # of the machine's CPU time: above this it is overloaded
_TICKS = os.sysconf("SC_CLK_TCK")


def _processes():
    """{pid: (parent, ticks of CPU time, including those of children that it has waited for)}"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            # After the process has ended, opening fails with ENOENT, and reading an open file with ESRCH.
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(pid)] = int(fields[1]), sum(int(word) for word in fields[11:15])
    return found


def own_ticks(root):
    """CPU time of a process and all its descendants, in clock ticks."""
    processes = _processes()
    children = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    total, pids = 0, [root]
    while pids:
        pid = pids.pop()
        if pid in processes:
            total += processes[pid][1]
        pids += children.get(pid, ())
    return total


def _busy_ticks():
    fields = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4]


class Others:
    """Measures the time from its construction on."""

    def __init__(self, root=None):
        self._root = root or int(os.environ.get(ROOT) or os.getpid())
        self._at, self._busy, self._own = time.monotonic(), _busy_ticks(), own_ticks(self._root)

    def share(self):
        """Part of the machine's CPU time so far that others have used."""
        elapsed = time.monotonic() - self._at
        used = (_busy_ticks() - self._busy) - (own_ticks(self._root) - self._own)
        return max(0.0, used / _TICKS / os.cpu_count() / elapsed) if elapsed > 0.1 else 0.0
