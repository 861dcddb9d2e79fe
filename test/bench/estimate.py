# SPDX-License-Identifier: GPL-2.0
"""Estimates the time of a packet on a real host: ns = instructions x a + lines x b.

It is a model with two constants, not a measurement. It ignores all cache misses except those of lines that another CPU
wrote, the NIC's writes to memory, and the cost of interrupts and IPIs beyond the instructions that handle them. It lets
no two misses overlap.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Constant:
    """A constant of the model and its source."""

    name: str
    ns: float
    source: str


GHZ = 3.0
CPI = 0.66      # clock cycles per instruction if its data is near

INSTRUCTION = Constant(
    "a, an instruction", CPI / GHZ,
    f"{CPI} cycles at {GHZ} GHz. TAS (EuroSys '19) counts {CPI} cycles an instruction for a TCP stack whose data stays "
    "in its CPU's caches, and 1.32 for Linux's, all of whose cache misses are in that; here the lines that come from another "
    f"CPU are counted apart. {GHZ} GHz is the turbo clock of FALCON's Xeon Silver 4114.")

# Time of a line's transfer from the CPU that wrote it: two CPUs pass a line to and fro by compare and exchange, one
# way. Medians of the public table of core-to-core latencies (github: nviennot/core-to-core-latency, README.md).
LINES = (
    Constant("same cluster", 23, "two cores under one L3 cache of an EPYC 7R13 (Milan): 23 ns"),
    Constant("same socket", 48, "two cores of a Xeon Gold 6242 (Cascade Lake): 48 ns; between clusters of the EPYC it is 107"),
    Constant("other socket", 136, "a core each of two Xeon Gold 6242: 136 ns"),
)


@dataclasses.dataclass(frozen=True)
class Estimate:
    """An estimate for one CPU."""

    ns: float           # CPU time for the counted work
    memory: float       # the part of it that moving lines takes, 0..1

    @property
    def per_s(self):
        """How often a second the CPU could do this work."""
        return 1e9 / self.ns


def estimate(instructions, lines, line, instruction=INSTRUCTION):
    """The Estimate of a CPU that executes so many instructions and takes over so many lines from others. line and
    instruction are Constants.
    """
    if instructions <= 0 or lines < 0:
        raise ValueError(f"{instructions} instructions and {lines} lines: no work")
    moving = lines * line.ns
    total = instructions * instruction.ns + moving
    return Estimate(total, moving / total)


@dataclasses.dataclass(frozen=True)
class Work:
    """The work of one CPU for each packet, MB or transaction."""

    role: str
    instructions: float
    lines: float


def limit(path, line):
    """(role, Estimate) of the busiest CPU by the estimate, which need not be the busiest one by instructions."""
    return max(((work.role, estimate(work.instructions, work.lines, line)) for work in path if work.instructions > 0),
               key=lambda pair: pair[1].ns)


def spread(total, instructions):
    """Lines for each CPU if only the total is known: in proportion to instructions. This is a guess and must be
    labelled as one.
    """
    whole = sum(instructions)
    return [total * part / whole if whole else 0.0 for part in instructions]
