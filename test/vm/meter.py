# SPDX-License-Identifier: GPL-2.0
"""Asks QEMU's plugin (plugin/) for the instructions and cache lines of a guest's vCPUs."""

import array
import dataclasses
import os

TOTALS = ("kernel", "user", "repeats", "reads", "writes", "lines_read", "lines_written")
LIMIT_S = 60        # for an answer; a busy machine takes long to translate code again
# Functions by which the CPU enters the kernel from outside.
ENTRIES = ("asm_", "irq_entries_start", "entry_SYSCALL", "ret_from_fork", "early_idt_handler")


class MeterFailed(Exception):
    """The plugin refused the request, or is gone."""


@dataclasses.dataclass(frozen=True)
class Totals:
    """Totals of a vCPU since the guest started; use differences."""

    kernel: int         # instructions
    user: int
    repeats: int        # accesses by instructions with a rep prefix
    reads: int          # memory accesses; this and the following in mode lines only
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
    """A node in a vCPU's tree of stacks; the first one is the root."""

    parent: int         # index in the list
    function: int       # address
    instructions: int
    lines: int


class Meter:
    """A guest's meter. Reading it costs the guest nothing."""

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
        """Totals of each vCPU."""
        words = self._ask("totals")
        count = len(TOTALS)
        return [Totals(*words[at:at + count]) for at in range(0, len(words), count)]

    def blocks(self):
        """{(address, instructions): [executions by each vCPU]} of the kernel's code."""
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
        """Switch to mode lines, with the functions of /proc/kallsyms, which are written to a file in the directory."""
        path = directory / "functions"
        path.write_text("".join(functions(symbols)))
        self._ask(f"lines {os.path.abspath(path)}")

    def count(self):
        """Switch back to mode count."""
        self._ask("count")


def kallsyms(guest):
    """/proc/kallsyms, read into the guest's memory first: it returns 4 KB at a time, and each piece would be a request
    to the host.
    """
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
