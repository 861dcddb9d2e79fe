# SPDX-License-Identifier: GPL-2.0
"""Where the CPU time of each vCPU goes, from samples."""

import collections

from .parts import FALCON, IDLE
from .report import NAMES

UNSEEN = "not sampled"  # interrupts off, the ways into and out of a halt, the emulation of devices
SMALL = 0.02            # of the busiest vCPU's time: a vCPU with less is not shown
LITTLE = 0.005          # of it: a part with less on every vCPU
TOP = 12
USER = "(user space)"
# Mostly for a holder whose vCPU waits for a CPU of the host: real CPUs wait less.
SPINNING = "native_queued_spin_lock_slowpath"


class Hotspots:
    """Samples of one variant's round, as time by packet (or MB, or transaction)."""

    def __init__(self, samples, symbols, parts, per_cpu, window):
        """per_cpu: the CPU time of each vCPU in the round; window: its length; both in that unit."""
        self.per_cpu = per_cpu
        self.parts, self.functions = [], []     # of each vCPU: {name: time}
        # an idle CPU may miss some
        whole = max(sum(stacks.values()) for stacks in samples.values())
        for cpu, spent in enumerate(per_cpu):
            by_part, by_function = collections.Counter(), collections.Counter()
            for addresses, count in samples.get(cpu, {}).items():
                stack = [symbols.at(address) for address in addresses]
                part = parts.of(stack)
                if part != IDLE:
                    by_part[part] += count
                    by_function[str(stack[0]) if stack else USER] += count
            busy = sum(by_part.values())
            # A vCPU is a thread and may have waited for a CPU of the host when it was sampled: what
            # was seen is never more than what it used.
            each = min(window / whole, spent / busy) if busy else 0.0
            self.parts.append({name: count * each for name, count in by_part.items()})
            self.functions.append({name: count * each for name, count in by_function.items()})
            self.parts[-1][UNSEEN] = max(0.0, spent - busy * each)      # rounded, it may be just below

    @property
    def application(self):
        return len(self.per_cpu) - 1

    def shown(self):
        """vCPUs that do something."""
        limit = SMALL * max(self.per_cpu)
        return [cpu for cpu, spent in enumerate(self.per_cpu) if spent >= limit]

    def part_names(self):
        """Those worth a line, falcon's first, the others by what they take."""
        limit = LITTLE * max(self.per_cpu)
        total = collections.Counter()
        for parts in self.parts:
            total.update(parts)
        names = [name for name in total if name != UNSEEN
                 and (name.startswith(FALCON) or any(parts.get(name, 0) >= limit for parts in self.parts))]
        return sorted(names, key=lambda name: (not name.startswith(FALCON), -total[name])) + [UNSEEN]

    def falcon(self):
        """Time in falcon's parts, of all vCPUs."""
        return sum(time for parts in self.parts for name, time in parts.items() if name.startswith(FALCON))

    def document(self):
        return {"per_cpu": self.per_cpu, "parts": self.parts, "functions": self.functions}


NOTE = ("Code that runs with interrupts off cannot be sampled: its time is in what turns them on again\n"
        "(handle_softirqs, _raw_spin_unlock_irqrestore, finish_task_switch) or in \"not sampled\".")


def lines(hotspots, unit, roles, plain):
    """For people. roles: of each vCPU; plain: CPU time of each in a round without sampling."""
    cpus = hotspots.shown()

    def row(name, values, total):
        return f"  {name:<28}" + "".join(f"{value:>13.2f}" for value in values) + f"{total:>13.2f}"

    found = [f"  {unit:<28}" + "".join(f"{f'{NAMES[roles[cpu]]} {cpu}'.strip():>13}" for cpu in cpus)
             + f"{'all vCPUs':>13}"]
    for name in hotspots.part_names():
        found.append(row(name, [hotspots.parts[cpu].get(name, 0.0) for cpu in cpus],
                         sum(parts.get(name, 0.0) for parts in hotspots.parts)))
    spinning = [functions.get(SPINNING, 0.0) for functions in hotspots.functions]
    found += [row("of these, waiting for locks", [spinning[cpu] for cpu in cpus], sum(spinning)),
              row("all", [hotspots.per_cpu[cpu] for cpu in cpus], sum(hotspots.per_cpu)),
              row("all, while not sampled", [plain[cpu] for cpu in cpus], sum(plain))]
    for cpu in cpus:
        functions = hotspots.functions[cpu]
        seen = sum(functions.values())
        if seen < SMALL * max(hotspots.per_cpu):
            continue
        found += ["", f"  cpu{cpu} {NAMES[roles[cpu]]}: functions, without what they call, of {seen:.2f} {unit} sampled"]
        for name, time in sorted(functions.items(), key=lambda item: -item[1])[:TOP]:
            found.append(f"    {time / seen:>6.1%}{time:>10.2f}  {name}")
    return found
