# SPDX-License-Identifier: GPL-2.0
"""An estimate of what a packet would take on a real host: ns = instructions x a + lines x b.

It is a model with two constants, not a measurement. It knows no cache misses but those of lines
that another CPU wrote, no NIC that writes to memory, no interrupts or IPIs beyond the instructions
that handle them, and it lets no two misses overlap.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Constant:
    """A constant of the model and where it is from."""

    name: str
    ns: float
    source: str


GHZ = 3.0
CPI = 0.66      # clock cycles of an instruction when its data is near

INSTRUCTION = Constant(
    "a, an instruction", CPI / GHZ,
    f"{CPI} cycles at {GHZ} GHz. TAS (EuroSys '19) counts {CPI} cycles an instruction for a TCP stack whose data stays "
    "in its CPU's caches, and 1.32 for Linux's, all of whose cache misses are in that; here the lines that come from another "
    f"CPU are counted apart. {GHZ} GHz is the turbo clock of FALCON's Xeon Silver 4114.")

# A line's way from the CPU that wrote it: the time in which two CPUs hand a line to and fro by compare and exchange,
# once. Medians of the public table of core-to-core latencies (github: nviennot/core-to-core-latency, README.md).
LINES = (
    Constant("same cluster", 23, "two cores under one L3 cache of an EPYC 7R13 (Milan): 23 ns"),
    Constant("same socket", 48, "two cores of a Xeon Gold 6242 (Cascade Lake): 48 ns; between clusters of the EPYC it is 107"),
    Constant("other socket", 136, "a core each of two Xeon Gold 6242: 136 ns"),
)


@dataclasses.dataclass(frozen=True)
class Estimate:
    """For one CPU."""

    ns: float           # of its time for what was counted
    memory: float       # the part of it that moving lines takes, 0..1

    @property
    def per_s(self):
        """How often a second the CPU could do that."""
        return 1e9 / self.ns


def estimate(instructions, lines, line, instruction=INSTRUCTION):
    """Of a CPU that executes so many instructions and takes so many lines over from others, of a Constant each."""
    if instructions <= 0 or lines < 0:
        raise ValueError(f"{instructions} instructions and {lines} lines: no work")
    moving = lines * line.ns
    total = instructions * instruction.ns + moving
    return Estimate(total, moving / total)


@dataclasses.dataclass(frozen=True)
class Work:
    """Of one CPU, for each packet, MB or transaction."""

    role: str
    instructions: float
    lines: float


def limit(path, line):
    """(role, Estimate) of the CPU that is the busiest by the estimate; it need not be the one by instructions."""
    return max(((work.role, estimate(work.instructions, work.lines, line)) for work in path if work.instructions > 0),
               key=lambda pair: pair[1].ns)


def spread(total, instructions):
    """Lines for each CPU, where only the total is known: by instructions, which is a guess and to be called one."""
    whole = sum(instructions)
    return [total * part / whole if whole else 0.0 for part in instructions]
