# SPDX-License-Identifier: GPL-2.0
"""Measured figures for the report and its plots: ratios with their range, and each vCPU's part."""

import dataclasses
import statistics

from . import document, result, schema, sweep
from .case import CASES
from .document import BadInput
from .engine import FULL
from .estimate import Work, spread
from .result import find, of_path
from .variant import ROLES

FRONT = "bench"     # the run that is no sweep


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Base ÷ variant: of the medians, and the minimum and maximum that the rounds allow."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Part:
    """A vCPU's work for each packet, MB or transaction; medians of the rounds."""

    role: str
    kernel: float
    user: float

    @property
    def both(self):
        return self.kernel + self.user


class Run:
    """The results of one boot and its rounds."""

    def __init__(self, name, results, details, points=(), refused=()):
        self.name, self.results, self.details = name, results, details
        self.points, self.refused = points, refused

    @property
    def cases(self):
        return [CASES[name] for name in dict.fromkeys(row["case"] for row in self.results) if name in CASES]

    def variants(self, case):
        return list(dict.fromkeys(row["variant"] for row in self.results if row["case"] == case.name))

    def row(self, case, variant, metric):
        return find(self.results, case.name, variant, metric)

    def ratio(self, case, variant, metric, base="stock"):
        """A Ratio, or None if one of the two was not measured."""
        over, under = self.row(case, base, metric), self.row(case, variant, metric)
        if not over or not under or not under["min"]:
            return None
        return Ratio(over["median"] / under["median"], over["min"] / under["max"], over["max"] / under["min"])

    def has(self, case, variant):
        return any((row["case"], row["variant"]) == (case.name, variant) for row in self.results)

    def _rounds(self, case, variant, of="rounds"):
        return [item for item in self.details.get(of, ()) if (item["case"], item["variant"]) == (case.name, variant)]

    def parts(self, case, variant):
        """[Part] of each vCPU in the order of the roles; the application's is last."""
        found = []
        for item in self._rounds(case, variant):
            each = [(role, case.each(kernel, item["delivered"]), case.each(user, item["delivered"]))
                    for role, (kernel, user) in zip(item["roles"], item["instructions"])]
            found.append(sorted(each, key=lambda entry: ROLES.index(entry[0])))
        return [Part(place[-1][0], *(statistics.median(entry[column] for entry in place) for column in (1, 2)))
                for place in zip(*found)]

    def lost_on_host(self, case, variant):
        """Frames that the host lost before the guest received them."""
        return sum(item["dropped_by_host"] for item in self._rounds(case, variant))

    def disturbed(self, case):
        """The figures that the machine may have determined, not the variant."""
        notes = []
        for variant in self.variants(case):
            rounds = self._rounds(case, variant)
            full = sum(item["host_busy"] > FULL for item in rounds)
            if full:
                notes.append(f"{variant}: in {full} of {len(rounds)} rounds the host was more than {FULL:.0%} busy")
        return notes

    def application(self, case, variant, base="stock"):
        """(instructions of the application's CPU, variant ÷ base), or None."""
        both = [self.parts(case, name) for name in (variant, base)]
        if not all(both) or not both[1][-1].both:
            return None
        return both[0][-1].both, both[0][-1].both / both[1][-1].both

    def kernel_only(self, case, variant):
        """[(the kernel's instructions on the path's busiest CPU, on all CPUs)] by round. User space's work is not the
        packets'.
        """
        found = []
        for item in self._rounds(case, variant):
            each = [case.each(kernel, item["delivered"]) for kernel, _ in item["instructions"]]
            found.append((max(of_path(each)), sum(each)))
        return found

    def kernel_ratio(self, case, variant, base, place=0):
        """base ÷ variant of kernel_only(); place: 0 is the busiest CPU, 1 all CPUs."""
        over, under = ([values[place] for values in self.kernel_only(case, name)] for name in (base, variant))
        if not over or not under:
            return None
        return Ratio(statistics.median(over) / statistics.median(under), min(over) / max(under), max(over) / min(under))

    def works(self, case, variant):
        """([Work] of each vCPU, True if each one's lines were counted); ([], False) if no lines were counted."""
        parts = self.parts(case, variant)
        lined = self._rounds(case, variant, "lined")
        if not parts or not lined:
            return [], False
        lines = [value for _, value in result.median_per_role(lined, case.name, variant, "per_cpu_lines")]
        roles = [role for role, _ in result.median_per_role(lined, case.name, variant, "per_cpu_lines")]
        known = roles == [part.role for part in parts]
        if not known:
            # the flow's CPUs had other roles in the rounds in which lines were counted
            lines = spread(sum(lines), [part.both for part in parts])
        return [Work(part.role, part.both, count) for part, count in zip(parts, lines)], known


def load(directory):
    """([Run], [line]): the latest measurements, the sweeps behind the front run, and notes on files left out, such as
    sweeps of an earlier version. Raises BadInput if there is nothing to report, or if the front run is broken.
    """
    runs, left_out = [], []
    front = directory / "results.json"
    if front.exists():
        results = document.checked(front, schema.check)
        details = document.read(directory / "rounds.json")
        _fit(front, results, details)
        runs.append(Run(FRONT, results, details))
    for path in sorted(directory.glob("sweep-*.json")):
        try:
            found = document.checked(path, sweep.check)
        except BadInput as error:
            left_out.append(f"left out: {error}")
            continue
        points = [sweep.Point(**point) for point in found["points"]]
        runs.append(Run(found["sweep"], found["results"], found, points, found["refused"]))
    if not runs:
        raise BadInput("\n".join([f"{directory}: neither results.json nor sweep-*.json: nothing was measured yet (make bench, "
                                  "make sweep)", *left_out]))
    return runs, left_out


def _fit(path, results, details):
    """Checks that rounds.json belongs to the same run."""
    try:
        measured = {(item["case"], item["variant"]) for item in details["rounds"]}
        instructions = all("instructions" in item for item in details["rounds"])
    except (TypeError, KeyError) as error:
        raise BadInput(f"{path.parent / 'rounds.json'}: not what the bench writes: no {error}") from error
    if measured != {(row["case"], row["variant"]) for row in results}:
        raise BadInput(f"{path.parent / 'rounds.json'}: of another run than results.json")
    if not instructions:
        raise BadInput(f"{path.parent / 'rounds.json'}: of a bench that did not count instructions")


def nearest(runs, cases, ratio_of):
    """(case, ratio_of(run, case)) of the first of these cases, by name, that has a ratio in some run; None if none has.
    """
    for name in cases:
        for run in runs:
            found = name in CASES and ratio_of(run, CASES[name])
            if found:
                return CASES[name], found
    return None
