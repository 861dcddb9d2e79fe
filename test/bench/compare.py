# SPDX-License-Identifier: GPL-2.0
"""Compares two results.json of different builds: the figures that became worse or better.

A figure has changed if the ranges (min..max) of both sides do not overlap and the medians differ by more than the
metric's bound.
"""

import dataclasses
import math

from . import document, schema
from .case import kind_of
from .document import BadInput

# Bound of a metric's change, by the first of these words that the metric's name contains.
BOUNDS = (("instructions", 0.03), ("lines_moved", 0.10), ("cpu", 0.10), ("delivered", 0.03), ("bytes_per_skb", 0.05),
          ("rtt", 0.15), ("_p99", 0.25), ("_p50", 0.15), ("", 0.10))
MORE_IS_BETTER = ("delivered_per_s", "bytes_per_skb", "requests_per_s")
# Packets that were lost, duplicated or late, as a part of those sent. TCP retransmits some segments and queues some out
# of order without any fault of falcon's. For datagrams a single one is a fault.
COUNTS = ("lost", "duplicated", "reordered")
TCP_COUNT_BOUND = 1e-5      # of the bytes, so about 15 segments of a thousand

WORSE, BETTER, SAME = "worse", "better", "same"


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of one metric, or count, of one case and variant."""

    case: str
    variant: str
    metric: str
    unit: str
    old: float
    new: float
    change: float | None    # new / old - 1; None if old is 0
    bound: float
    verdict: str


@dataclasses.dataclass
class Comparison:
    changes: list
    only_old: list      # (case, variant, metric) that the new file lacks
    only_new: list
    notes: list         # lines on possible causes of a change

    def of(self, verdict):
        return [change for change in self.changes if change.verdict == verdict]


def load(path):
    """The rows of a results.json. An earlier version's file, with fewer metrics, is accepted."""
    rows = document.checked(path, schema.check, False)
    for key in ("kernel", "vcpus"):
        found = {row[key] for row in rows}
        if len(found) > 1:
            raise BadInput(f"{path}: rows of several {key}: {', '.join(map(str, sorted(found)))}")
    return rows


def bound_of(metric):
    return next(bound for word, bound in BOUNDS if word in metric)


def compare(old, new):
    """A Comparison of rows from load()."""
    before, after = ({(row["case"], row["variant"], row["metric"]): row for row in rows} for rows in (old, new))
    common = [key for key in before if key in after and not _is_set(key)]
    if not common:
        raise BadInput("the two files have no case and variant in common")
    if old[0]["vcpus"] != new[0]["vcpus"]:
        raise BadInput(f"the guests had {old[0]['vcpus']} and {new[0]['vcpus']} vCPUs: not comparable")
    changes, counted = [], set()
    for key in common:
        changes.append(_change(before[key], after[key]))
        if key[:2] not in counted:
            counted.add(key[:2])
            changes += [_count(name, before[key], after[key]) for name in COUNTS]
    notes = [] if old[0]["kernel"] == new[0]["kernel"] else [f"the kernels differ: {old[0]['kernel']}, {new[0]['kernel']}"]
    for side, rows in (("OLD", before), ("NEW", after)):
        single = sorted({key[2] for key in common if rows[key]["rounds"] == 1})
        if single:
            notes.append(f"{side} has one round only of {', '.join(single)}: nothing says how much that varies")
    if any(change.metric == "lost" and change.verdict == WORSE for change in changes):
        notes.append("packets may be lost on the host, before the guest has them: dropped_by_host in NEW's rounds.json says so")
    return Comparison(changes, [key for key in before if key not in after], [key for key in after if key not in before],
                      notes)


def _is_set(key):
    """True for the rate of packets. The bench chooses it anew in each boot, so it tells nothing about a build."""
    return key[2] == "delivered_per_s" and kind_of(key[0]) != "rr"


def _change(old, new):
    bound = bound_of(old["metric"])
    was, now = old["median"], new["median"]
    change = now / was - 1 if was else None
    apart = new["min"] > old["max"] or new["max"] < old["min"]
    verdict = SAME
    if apart and (change is None or abs(change) > bound):
        verdict = BETTER if (now > was) == (old["metric"] in MORE_IS_BETTER) else WORSE
    return Change(old["case"], old["variant"], old["metric"], old["unit"], was, now, change, bound, verdict)


def _count(name, old, new):
    """Compares counts as parts of the packets sent, because one file may have more rounds than the other."""
    was, now = (row[name] / row["sent"] if row["sent"] else 0 for row in (old, new))
    bound = TCP_COUNT_BOUND if "tcp" in old["case"].split("-") else 0
    verdict = SAME
    if abs(now - was) > bound and not math.isclose(now, was):
        verdict = WORSE if now > was else BETTER
    return Change(old["case"], old["variant"], name, "of what was sent", was, now, now / was - 1 if was else None, bound, verdict)


def lines(comparison):
    """For people: the changes, then the number of unchanged figures."""
    found = []
    for verdict in (WORSE, BETTER):
        changes = comparison.of(verdict)
        if changes:
            found += [f"{verdict}:"] + [f"  {_line(change)}" for change in changes]
    found.append(f"{len(comparison.of(WORSE))} worse, {len(comparison.of(BETTER))} better, "
                 f"{len(comparison.of(SAME))} within spread or bound")
    for name, keys in (("OLD", comparison.only_old), ("NEW", comparison.only_new)):
        pairs = sorted({f"{case} {variant}" for case, variant, _ in keys})
        if pairs:
            found.append(f"only in {name}, all or some metrics: {', '.join(pairs)}")
    return found + [f"note: {note}" for note in comparison.notes]


def _line(change):
    amount = "from 0" if change.change is None else f"{change.change:+.1%}"
    return (f"{change.case:<24}{change.variant:<20}{change.metric:<36}{change.old:>12.6g} -> {change.new:<12.6g} {amount:>8}"
            f"  (bound {change.bound:.3g})")


def as_json(comparison):
    """For programs."""
    return {WORSE: [dataclasses.asdict(change) for change in comparison.of(WORSE)],
            BETTER: [dataclasses.asdict(change) for change in comparison.of(BETTER)],
            SAME: len(comparison.of(SAME)),
            "only_old": [list(key) for key in comparison.only_old], "only_new": [list(key) for key in comparison.only_new],
            "notes": comparison.notes}
