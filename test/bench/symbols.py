# SPDX-License-Identifier: GPL-2.0
"""Names for addresses in a guest."""

import bisect
import dataclasses
import subprocess


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of the kernel or of a module; module is "" for the kernel itself."""

    name: str
    module: str = ""

    def __str__(self):
        return f"{self.name} [{self.module}]" if self.module else self.name


UNKNOWN = Function("(unknown)")


class Symbols:
    """The functions of /proc/kallsyms, given as text."""

    def __init__(self, kallsyms):
        found = []
        for line in kallsyms.splitlines():
            address, kind, name, *module = line.split()
            # code only; __pfx_ is the padding before a function
            if kind in "tTwW" and not name.startswith("__pfx_"):
                found.append((int(address, 16), Function(name, module[0].strip("[]") if module else "")))
        # the first of several names for one address counts, as in the kernel itself
        found.sort(key=lambda item: item[0])
        self._addresses = [address for address, _ in found]
        self._functions = [function for _, function in found]

    def at(self, address):
        """The function that contains the address."""
        index = bisect.bisect_right(self._addresses, address) - 1
        if index < 0:
            return UNKNOWN
        return self._functions[bisect.bisect_left(self._addresses, self._addresses[index])]


def sources(objects):
    """{function: source file's name without extension} from object files, by nm."""
    found = {}
    for path in objects:
        out = subprocess.run(["nm", "--defined-only", str(path)], capture_output=True, text=True,
                             check=True).stdout
        for line in out.splitlines():
            _, kind, name = line.split()
            if kind in "tTwW":
                found.setdefault(name, path.stem)
    return found
