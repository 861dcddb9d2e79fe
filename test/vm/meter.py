# SPDX-License-Identifier: GPL-2.0
"""Asks QEMU's plugin (plugin/) what a guest's vCPUs have executed."""

import array
import dataclasses
import os

TOTALS = ("kernel", "user", "repeats", "reads", "writes", "lines_read", "lines_written")
LIMIT_S = 60        # for an answer; a busy machine takes long to have code translated anew
# Where the kernel is entered from outside its own calls.
ENTRIES = ("asm_", "irq_entries_start", "entry_SYSCALL", "ret_from_fork", "early_idt_handler")


class MeterFailed(Exception):
    """The plugin refused, or is gone."""


@dataclasses.dataclass(frozen=True)
class Totals:
    """Of one vCPU, since the guest began; differences are what tells."""

    kernel: int         # instructions
    user: int
    repeats: int        # accesses of instructions that have a rep prefix
    reads: int          # memory accesses, in mode lines as the following
    writes: int
    lines_read: int     # cache lines that came from another vCPU
    lines_written: int  # ... that were taken from others

    @property
    def instructions(self):
        return self.kernel + self.user

    @property
    def lines(self):
        return self.lines_read + self.lines_written

    def __sub__(self, other):
        return Totals(*(mine - its for mine, its in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


@dataclasses.dataclass(frozen=True)
class Node:
    """Of a vCPU's tree of stacks; the first one is the root."""

    parent: int         # index in the list
    function: int       # address
    instructions: int
    lines: int


class Meter:
    """A guest's. Reading costs the guest nothing."""

    def __init__(self, socket, vcpus):
        socket.settimeout(LIMIT_S)
        self._socket, self._vcpus = socket, vcpus
        self._answers = socket.makefile("rb")

    def close(self):
        self._answers.close()
        self._socket.close()

    def _ask(self, request):
        try:
            self._socket.sendall(request.encode() + b"\n")
            word, _, rest = self._answers.readline().decode().strip().partition(" ")
            if word != "ok":
                raise MeterFailed(f"{request}: {rest or 'no answer'}")
            words = array.array("Q")
            words.frombytes(self._answers.read(int(rest)))
        except (OSError, ValueError) as error:
            raise MeterFailed(f"{request}: {error}") from error
        return words

    def totals(self):
        """[Totals] of each vCPU."""
        words = self._ask("totals")
        count = len(TOTALS)
        return [Totals(*words[at:at + count]) for at in range(0, len(words), count)]

    def blocks(self):
        """{(address, instructions): [executions of each vCPU]} of the kernel's code."""
        words = self._ask("blocks")
        step = 2 + self._vcpus
        return {(words[at], words[at + 1]): words[at + 2:at + step] for at in range(0, len(words), step)}

    def stacks(self):
        """[[Node]] of each vCPU, since mode lines began."""
        words, found, at = self._ask("stacks"), [], 0
        while at < len(words):
            end = at + 1 + 4 * words[at]
            found.append([Node(*words[place:place + 4]) for place in range(at + 1, end, 4)])
            at = end
        return found

    def look_closely(self, symbols, directory):
        """Mode lines, with the functions of /proc/kallsyms; the file goes to the directory."""
        path = directory / "functions"
        path.write_text("".join(functions(symbols)))
        self._ask(f"lines {os.path.abspath(path)}")

    def count(self):
        """Mode count again."""
        self._ask("count")


def kallsyms(guest):
    """/proc/kallsyms, which gives 4 KB at a time: in the guest's memory first, as each piece is a request to the host."""
    return guest.run("cat /proc/kallsyms >/tmp/kallsyms; cat /tmp/kallsyms").out


def functions(symbols):
    """Lines of the plugin's file of functions."""
    found = {}
    for line in symbols.splitlines():
        address, kind, name = line.split()[:3]
        if kind in "tTwW" and not name.startswith("__pfx_"):
            address = int(address, 16)
            found[address] = found.get(address, False) or name.startswith(ENTRIES)
    return [f"{address:x}{' i' if entry else ''}\n" for address, entry in sorted(found.items())]
