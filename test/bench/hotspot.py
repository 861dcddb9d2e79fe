# SPDX-License-Identifier: GPL-2.0
"""The instructions of each vCPU by part of the path and by function, from the stacks that the plugin recorded."""

import collections
import dataclasses

from .parts import FALCON
from .report import NAMES

SMALL = 0.02            # of the busiest vCPU's instructions: a vCPU below this is not shown
LITTLE = 0.005          # of the busiest vCPU's instructions: a part below this on every vCPU is not shown
TOP = 12
USER = "(user space)"
# Mostly waiting for a holder whose vCPU waits for a CPU of the host. Real CPUs wait less.
SPINNING = "native_queued_spin_lock_slowpath"


@dataclasses.dataclass
class Spent:
    """Work of one stack, part, function or vCPU."""

    instructions: float = 0.0
    lines: float = 0.0

    def add(self, other):
        self.instructions += other.instructions
        self.lines += other.lines

    def over(self, amount):
        return Spent(self.instructions / amount, self.lines / amount)


def spent_by_stack(before, after):
    """[{(innermost function's address, its caller's, ...): Spent} of each vCPU] from two readings of Meter.stacks()."""
    found = []
    for first, last in zip(before, after):
        stacks = [()]
        spent = {}
        for number, node in enumerate(last):
            if number:      # the root is no function; a node comes after its parent
                stacks.append((node.function, *stacks[node.parent]))
            was = first[number] if number < len(first) else None
            grown = Spent(node.instructions - (was.instructions if was else 0), node.lines - (was.lines if was else 0))
            if grown.instructions or grown.lines:
                spent[stacks[number]] = grown
        found.append(spent)
    return found


def stretch(stacks, instructions):
    """Factor by which the recorded stacks cover more time than the window. Reading them takes a while, and the guest
    continues meanwhile.

    instructions: [kernel's, user space's] of each vCPU in the window itself.
    """
    followed = sum(spent.instructions for found in stacks for spent in found.values())
    counted = sum(kernel for kernel, _ in instructions)
    return followed / counted


class Hotspots:
    """Hotspots of one variant's round, per packet, MB or transaction."""

    def __init__(self, stacks, user, symbols, parts, amount):
        """stacks: spent_by_stack(); user: instructions of user space on each vCPU; amount: delivered packets, MB or
        transactions.
        """
        self.cpus, self.parts, self.functions, self.stacks = [], [], [], []     # of each vCPU: {name: Spent}
        for spent, own in zip(stacks, user):
            whole = Spent()
            groups = [collections.defaultdict(Spent) for _ in range(3)]
            for addresses, each in spent.items():
                stack = [symbols.at(address) for address in addresses]
                names = [str(function) for function in stack]
                each = each.over(amount)
                for group, key in zip(groups, (parts.of(stack), names[0] if names else USER, tuple(names) or (USER,))):
                    group[key].add(each)
                whole.add(each)
            if own:
                self._add_user(groups, whole, own / amount)
            self.cpus.append(whole)
            for kept, group in zip((self.parts, self.functions, self.stacks), groups):
                kept.append(dict(group))

    @staticmethod
    def _add_user(groups, whole, instructions):
        # user space's instructions are in no stack; its lines belong to the root
        each = Spent(instructions)
        for group, key in zip(groups, ("user space", USER, (USER,))):
            group[key].add(each)
        whole.add(each)

    def shown(self):
        """vCPUs that do a considerable part of the work."""
        limit = SMALL * max(cpu.instructions for cpu in self.cpus)
        return [number for number, cpu in enumerate(self.cpus) if cpu.instructions >= limit]

    def part_names(self):
        """Parts worth a line: falcon's first, the others in order of cost."""
        limit = LITTLE * max(cpu.instructions for cpu in self.cpus)
        total = collections.Counter()
        for parts in self.parts:
            total.update({name: spent.instructions for name, spent in parts.items()})
        names = [name for name in total
                 if name.startswith(FALCON) or any(parts[name].instructions >= limit for parts in self.parts if name in parts)]
        return sorted(names, key=lambda name: (not name.startswith(FALCON), -total[name]))

    def falcon(self):
        """Instructions in falcon's parts, on all vCPUs."""
        return sum(spent.instructions for parts in self.parts for name, spent in parts.items() if name.startswith(FALCON))

    def document(self):
        def plain(groups):
            return [{name: dataclasses.asdict(spent) for name, spent in group.items()} for group in groups]
        return {"per_cpu": [dataclasses.asdict(cpu) for cpu in self.cpus], "parts": plain(self.parts),
                "functions": plain(self.functions)}

    def folded(self, roles):
        """Lines in the format of flame graph tools: the stack, outermost function first, and its instructions."""
        lines = []
        for cpu in self.shown():
            name = f"cpu{cpu} {NAMES[roles[cpu]]}".strip()
            for stack, spent in sorted(self.stacks[cpu].items()):
                if round(spent.instructions):
                    lines.append(";".join([name, *reversed(stack)]) + f" {round(spent.instructions)}")
        return lines


def lines(hotspots, unit, roles):
    """A table for people. roles: of each vCPU."""
    cpus = hotspots.shown()
    found = []
    for what, digits, title in (("instructions", 0, unit), ("lines", 1, unit.replace("instructions", "lines"))):
        def row(name, values, total):
            return f"  {name:<28}" + "".join(f"{value:>13.{digits}f}" for value in values) + f"{total:>13.{digits}f}"

        def of(groups, cpu, name):
            return getattr(groups[cpu].get(name, Spent()), what)

        found += [f"  {title:<28}" + "".join(f"{f'{NAMES[roles[cpu]]} {cpu}'.strip():>13}" for cpu in cpus)
                  + f"{'all vCPUs':>13}"]
        everyone = range(len(hotspots.cpus))
        for name in hotspots.part_names():
            found.append(row(name, [of(hotspots.parts, cpu, name) for cpu in cpus],
                             sum(of(hotspots.parts, cpu, name) for cpu in everyone)))
        found += [row("of these, waiting for locks", [of(hotspots.functions, cpu, SPINNING) for cpu in cpus],
                      sum(of(hotspots.functions, cpu, SPINNING) for cpu in everyone)),
                  row("all", [getattr(hotspots.cpus[cpu], what) for cpu in cpus],
                      sum(getattr(cpu, what) for cpu in hotspots.cpus)), ""]
    for cpu in cpus:
        whole = hotspots.cpus[cpu]
        found.append(f"  cpu{cpu} {NAMES[roles[cpu]]}: {unit} and lines of functions, without what they call")
        for name, spent in sorted(hotspots.functions[cpu].items(), key=lambda item: -item[1].instructions)[:TOP]:
            found.append(f"    {spent.instructions / whole.instructions:>6.1%}{spent.instructions:>10.1f}{spent.lines:>8.2f}  {name}")
        found.append("")
    return found
