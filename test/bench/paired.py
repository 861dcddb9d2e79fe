# SPDX-License-Identifier: GPL-2.0
"""Two states of one guest in turn under the same traffic: each window is compared with its neighbour.

Conditions that differ between rounds, such as a connection's timing or other load on the machine, are the same for
neighbours. Pairs alternate the order of the states, so that drift cancels out.
"""

import dataclasses
import math
import statistics

from . import measure, trips
from .case import CASES, BenchError
from .engine import Engine, write
from .result import of_path
from .variant import REPO, VARIANTS

SETTLE_S = 0.5          # after a change, because QEMU translates patched code again
SWITCH_S = 60           # the most that a change takes, with the time for its conditions


@dataclasses.dataclass
class Window:
    """A window of a pair."""

    on: bool
    first: measure.Sample
    last: measure.Sample


class Turns(measure.Beside):
    """Measures the pairs within a round."""

    def __init__(self, guest, case, variant, pairs, log):
        self.seconds = 2 * pairs * (SWITCH_S + SETTLE_S)
        self.log = log
        self.windows = []
        self.on = True
        self._guest, self._case, self._variant, self._pairs = guest, case, variant, pairs

    def before(self):
        self._variant.settle(self._guest, self._case)

    def window(self, traffic, seconds):
        """`seconds` is the sum of all windows."""
        for number in range(self._pairs):
            for on in (False, True) if number % 2 else (True, False):
                self.switch(on)
                traffic.go_on(SETTLE_S)
                first = traffic.sample()
                traffic.go_on(seconds / self._pairs / 2)
                self.windows.append(Window(on, first, traffic.sample()))
        return self.windows[0].first, self.windows[-1].last

    def switch(self, on):
        if on is not self.on:
            self._variant.switch(self._guest, self._case, on)
            self.on = on


@dataclasses.dataclass
class Ratio:
    """With ÷ without, over the pairs."""

    mean: float
    error: float        # standard error of the mean
    median: float

    def __str__(self):
        return f"{self.mean:.3f} +- {self.error:.3f}"


def ratio(pairs):
    """The Ratio of [(with, without)]. The mean is geometric, so inverse pairs have the inverse mean."""
    logs = [math.log(on / off) for on, off in pairs]
    mean = math.exp(statistics.mean(logs))
    return Ratio(mean, mean * statistics.stdev(logs) / math.sqrt(len(logs)), math.exp(statistics.median(logs)))


def values(case, windows, done, log):
    """[{metric: value}] of each window, from the results of the round `done`; log: [(sent, time)] in ns, or None."""
    per_link = done.delivered / (windows[-1].last.link - windows[0].first.link)
    found = []
    for window in windows:
        cpu_ns = [after - before for before, after in zip(window.first.cpu_ns, window.last.cpu_ns)]
        executed = [(after - before).instructions for before, after in zip(window.first.executed, window.last.executed)]
        delivered = (window.last.link - window.first.link) * per_link
        extra = {}
        if log is not None:
            times = trips.within(log, window.first, window.last)
            extra, delivered = trips.percentiles(times), len(times)
        found.append({case.counted.busiest_instructions: case.each(max(of_path(executed)), delivered),
                      case.counted.total_instructions: case.each(sum(executed), delivered),
                      case.busiest: case.cpu(max(of_path(cpu_ns)), delivered),
                      case.total: case.cpu(sum(cpu_ns), delivered),
                      "delivered_per_s": case.amount(delivered) / (window.last.at - window.first.at), **extra})
    return found


def pairs_of(windows, values_):
    """[(with, without)] of neighbouring windows."""
    return [(second, first) if windows[place + 1].on else (first, second)
            for place, first, second in zip(range(0, len(windows), 2), values_[::2], values_[1::2])]


class Pairer(Engine):
    """Pairer(plan, say, pairs).run(): {(case, variant): {metric: Ratio}}. The plan's seconds are the sum of a case's
    windows.
    """

    def __init__(self, plan, say, pairs):
        super().__init__(plan, say)
        if pairs < 2:
            raise BenchError("a standard error needs two pairs at least")
        for name in plan.variants:
            if VARIANTS[name].without is None:
                raise BenchError(f"{name} cannot be taken away and brought back under traffic")
        self._pairs = pairs
        self._ratios, self._details = {}, []

    def _round(self, topology, guest, variants, number):
        for name in self.plan.cases:
            case = CASES[name]
            self._shape(topology, guest, case)
            for variant in variants:
                self._say(f"{name}: {variant.name} and {variant.without} in turn, {self._pairs} times")
                found = self._turns(topology, guest, case, variant)
                self._ratios[name, variant.name] = {metric: ratio([(on[metric], off[metric]) for on, off in found])
                                                    for metric in found[0][0]}
                self._details.append({"case": name, "variant": variant.name, "without": variant.without,
                                      "pairs": [{"with": on, "without": off} for on, off in found]})

    def _turns(self, topology, guest, case, variant):
        """[(with, without)]"""
        log = guest.directory / "rr.log" if case.kind == "rr" else None
        turns = Turns(guest, case, variant, self._pairs, log)
        variant.apply(guest, case)
        try:
            done = measure.measure(topology, guest, case, self._calibrations[case.name].rate, self.plan.seconds,
                                   self._app, turns)
        finally:
            if guest.alive:
                turns.switch(True)
                variant.undo(guest)
        guest.check()
        if log:
            log = trips.read(log)
        return pairs_of(turns.windows, values(case, turns.windows, done, log))

    def _write(self):
        write(REPO / self.plan.directory / "pairs.json", {
            "kernel": self._release, "vcpus": self.plan.vcpus, "window_s": self.plan.seconds / self._pairs / 2,
            "cases": [{**entry, "ratios": {metric: dataclasses.asdict(found) for metric, found in
                                           self._ratios[entry["case"], entry["variant"]].items()}}
                      for entry in self._details]})
        return self._ratios
