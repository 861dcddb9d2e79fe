# SPDX-License-Identifier: GPL-2.0
"""Samples what every CPU of a guest does: its stack, so many times a second.

An emulated CPU has no counters that could interrupt it, so the samples come from the guest's own
timer (bpftrace's `profile` probe). That cannot interrupt code that runs with interrupts off:
its time is unseen, and the first instruction after it is seen more often than it should be.
"""

import collections
import json
import re

from net import wait

from .case import BenchError

PROGRAM = 'BEGIN { printf("ready\\n"); } profile:hz:%d { @[cpu, kstack(raw)] = count(); }'
KEYS = 100000           # different stacks: more than there are samples, so none is lost
START_S = 40            # bpftrace takes 10 to begin in an emulated guest
STOP_S = 20
READY = '"ready\\n"'    # as JSON


class Sampler:
    """start(), stop(); a guest under traffic in between."""

    def __init__(self, guest, cpu, rate):
        self._guest = guest
        # what bpftrace itself needs before and after it samples is to disturb the application least
        self._command = (f"export BPFTRACE_MAX_MAP_KEYS={KEYS}\n"
                         f"exec nice -n 19 taskset -c {cpu} bpftrace -B line -f json -e '{PROGRAM % rate}'")
        self._process = None

    def start(self):
        self._process = self._guest.spawn(self._command)
        wait.until(lambda: READY in self._process.output()[0] or not self._process.running, START_S,
                   "bpftrace samples")
        if not self._process.running:
            raise BenchError(f"bpftrace ended: {self._process.wait(5).err.strip()}")

    def stop(self):
        """{cpu: Counter{stack: samples}}; a stack is a tuple of addresses, the innermost first, and
        empty for user space.
        """
        done = self._process.stop("INT", STOP_S)
        if done.rc:
            raise BenchError(f"bpftrace: status {done.rc}: {done.err.strip()}")
        return parse(done.out)

    def kill(self):
        if self._process and self._process.running:
            self._process.stop("KILL")


def parse(text):
    """bpftrace's output of the map, JSON lines."""
    for line in text.splitlines():
        if not line.strip():
            continue
        item = json.loads(line)
        if item["type"] == "map" and "@" in item["data"]:
            break
    else:
        raise BenchError("bpftrace printed no samples")
    found = collections.defaultdict(collections.Counter)
    for key, count in item["data"]["@"].items():
        cpu, _, stack = key.partition(",")
        # separated by what bpftrace's JSON makes of a line's end
        found[int(cpu)][tuple(int(word, 16) for word in re.findall(r"[0-9a-f]{16}", stack))] += count
    return dict(found)
