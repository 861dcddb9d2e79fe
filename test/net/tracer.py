# SPDX-License-Identifier: GPL-2.0
"""BPF programs at entry and exit of kernel functions, by bpftrace."""

import re

from . import wait

KINDS = ("kfunc", "kretfunc")      # fentry, fexit
LIMIT = 120     # seconds; bpftrace takes 5 to 15 to start in an emulated guest
ENABLED = "/sys/kernel/tracing/enabled_functions"


def traceable(guest, functions):
    """The functions that exist in the kernel itself and whose argument types it knows."""
    inside = set(guest.run("awk 'NF == 3 { print $3 }' /proc/kallsyms").out.split())
    return [name for name in functions if name in inside]


class Programs:
    """Programs at the functions while the block runs. Then said: {printed words, a tuple of strings: how often}."""

    def __init__(self, guest, functions, lines):
        self.guest, self.functions, self.text = guest, functions, "\n".join(lines)
        self.said = {}
        self._process = None

    def __enter__(self):
        self._process = self.guest.spawn(f"exec bpftrace -e '{self.text}'")
        try:
            wait.until(self._attached, LIMIT, "programs to be attached")
        except BaseException:
            self._process.stop("KILL")
            raise
        return self

    def _attached(self):
        assert self._process.running, self._process.output()
        # ftrace marks a function that has a direct trampoline with D.
        seen = self.guest.run(f"awk '/^[^\\t].* D / {{ print $1 }}' {ENABLED}").out.split()
        return set(seen) >= set(self.functions)

    def __exit__(self, kind, *exc):
        out = self._process.stop("INT" if kind is None else "KILL", 60).out
        self.said = {tuple(words.split(", ")): int(count) for words, count in re.findall(r"^@\[(.+)\]: (\d+)$", out, re.M)}


def counting(guest, functions):
    """Count how often each function was entered and left."""
    return Programs(guest, functions, [f'{kind}:{name} {{ @["{kind}", "{name}"] = count(); }}'
                                       for name in functions for kind in KINDS])
