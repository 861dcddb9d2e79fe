# SPDX-License-Identifier: GPL-2.0
"""Counts calls of kernel functions by kprobes: a measure of cost that needs no clock."""

TRACING = "/sys/kernel/tracing"
GROUP = "falcon_calls"


class Calls:
    """Counts the calls of these functions while the block runs."""

    def __init__(self, guest, *functions):
        self.guest, self.functions = guest, functions

    def __enter__(self):
        self.guest.run("\n".join([
            "set -e", *(f"echo 'p:{GROUP}/{name} {name}' >>{TRACING}/kprobe_events" for name in self.functions),
            f"echo 1 >{TRACING}/events/{GROUP}/enable"]))
        return self

    def __exit__(self, *exc):
        if self.guest.alive:
            self.guest.run("\n".join([
                f"echo 0 >{TRACING}/events/{GROUP}/enable",
                *(f"echo '-:{GROUP}/{name}' >>{TRACING}/kprobe_events" for name in self.functions)]))

    def count(self):
        """Calls so far, by function."""
        lines = self.guest.run(f"cat {TRACING}/kprobe_profile").out.splitlines()
        found = {name: int(hits) for name, hits, _ in (line.split() for line in lines)}
        return {name: found[name] for name in self.functions}
