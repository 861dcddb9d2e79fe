# SPDX-License-Identifier: GPL-2.0
"""How busy the machine is with what is none of the tests'.

A vCPU is a thread that may wait for a CPU of the host. On a machine that others keep busy a guest is late for
reasons that are no fault of what is tested.
"""

import os
import time
from pathlib import Path

ROOT = "FALCON_TEST_ROOT"       # process of which all others of the tests come
MUCH = 0.25                     # of the machine's CPU time: from there on it is overloaded
_TICKS = os.sysconf("SC_CLK_TCK")


def _processes():
    """{pid: (parent, ticks of CPU time, those of the children that it waited for included)}"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            # When the process has ended, opening says ENOENT, and reading what was opened before says ESRCH.
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(pid)] = int(fields[1]), sum(int(word) for word in fields[11:15])
    return found


def own_ticks(root):
    """CPU time of a process and all that came of it, in clock ticks."""
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
    """From its making on."""

    def __init__(self, root=None):
        self._root = root or int(os.environ.get(ROOT) or os.getpid())
        self._at, self._busy, self._own = time.monotonic(), _busy_ticks(), own_ticks(self._root)

    def share(self):
        """Of the machine's CPU time so far, what others have used."""
        elapsed = time.monotonic() - self._at
        used = (_busy_ticks() - self._busy) - (own_ticks(self._root) - self._own)
        return max(0.0, used / _TICKS / os.cpu_count() / elapsed) if elapsed > 0.1 else 0.0
