# SPDX-License-Identifier: GPL-2.0
"""Sweeps: one parameter changes step by step. A sweep is a list of points, each a case and a variant, that the engine
measures.
"""

import dataclasses
import json
from pathlib import Path

from . import result, schema, tuned
from .case import CASES, FLOWS, SIZES, SURGES, BenchError
from .engine import Engine, Plan, write
from .variant import REPO

SCHEMA = Path(__file__).with_name("sweep.json")
ALL = "all"     # all variants of a case that could not be calibrated


@dataclasses.dataclass(frozen=True)
class Point:
    """A point: its place on the axis, the case and variant to measure, and the base of the comparison."""

    x: int
    series: str
    case: str
    variant: str
    base: str = "stock"     # variant of the same case


@dataclasses.dataclass(frozen=True)
class Sweep:
    name: str
    title: str
    axis: str           # meaning of x
    points: tuple
    vcpus: int = 6
    logarithmic: bool = True
    note: str = ""

    @property
    def cases(self):
        return list(dict.fromkeys(point.case for point in self.points))

    def variants(self, cases):
        """The variants of these cases, each one's base first."""
        found = [name for point in self.points if point.case in cases for name in (point.base, point.variant)]
        return list(dict.fromkeys(found))


def _by_case(cases, variants):
    """Points of {x: case}: a series for each variant."""
    return [Point(x, f"{variant}, {_protocol(case)}", case, variant) for variant in variants for x, case in cases.items()]


def _by_variant(case, series, variants, **more):
    """Points of {x: variant}."""
    return [Point(x, f"{series}, {_protocol(case)}", case, variant, **more) for x, variant in variants.items()]


def _protocol(case):
    return CASES[case].protocol.upper()


UDP, TCP = "udp-1400-1flow", "tcp-mtu-1flow"

SWEEPS = {sweep.name: sweep for sweep in (
    Sweep("size", "Size of a datagram", "bytes of payload",
          (*_by_case({size: f"udp-{size}-1flow" for size in SIZES}, ("rps-disjoint", "pipeline", "lanes-2")),),
          note="The smallest datagram has 32 bytes, because it carries its flow, its number and a time; the papers' smallest has 16. "
               "Datagrams above the overlay's MTU of 1450 are sent as IP fragments, like the papers' datagrams of 4 KB to 64 KB. "
               "Every figure is per whole datagram. The case udp-9000-1flow measures an MTU of 9000."),
    Sweep("flows", "Number of flows, at the rate of one in all", "flows",
          (*_by_case({1: UDP, **{flows: f"udp-1400-{flows}flows" for flows in FLOWS}}, ("pipeline", "auto")),
           *_by_case({1: TCP, **{flows: f"tcp-mtu-{flows}flows" for flows in FLOWS}}, ("pipeline", "auto"))),
          note="All flows together have the rate of one, so each of many flows is slow, and few of them are worth a lane."),
    Sweep("workers", "Workers of one flow", "workers",
          (*_by_variant(UDP, "lanes", {count: f"lanes-{count}" for count in range(1, 6)}),
           *_by_variant(TCP, "lanes", {count: f"lanes-{count}" for count in range(1, 6)})),
          vcpus=8, logarithmic=False, note="With one worker the flow has another CPU for the container's stage."),
    Sweep("batch", "Packets of a micro-flow (batch)", "packets",
          (*_by_variant(UDP, "lanes-2", {size: f"lanes-2-batch-{size}" for size in tuned.BATCHES}),
           *_by_variant(TCP, "lanes-2", {size: f"lanes-2-batch-{size}" for size in tuned.BATCHES})),
          note="A micro-flow ends with a poll of the NIC, so it may be longer by one poll. mFlow uses 256."),
    Sweep("rate", "Rate from which a flow is taken (elephant-rate)", "packets/s",
          (*_by_variant(UDP, "auto, 1 flow", {rate: f"auto-rate-{rate}" for rate in tuned.RATES}),
           *_by_variant("udp-1400-20flows", "auto, 20 flows", {rate: f"auto-rate-{rate}" for rate in tuned.RATES})),
          note="Where the NIC's CPU is loaded (load-threshold) an eighth of the rate is enough."),
    Sweep("shift", "A shift of load: of 13 flows some send ten times as much from a moment on", "flows that do",
          (*_by_case({surge: f"udp-1400-surge{'' if surge == 3 else f'-{surge}'}" for surge in SURGES},
                     ("hash", "two-choice", "auto")),),
          logarithmic=False),
    Sweep("busy", "All CPUs have other work", "percent of each CPU",
          (*(Point(load, "auto, UDP", "udp-1400-busy", f"auto-busy-{load}", f"stock-busy-{load}") for load in tuned.LOADS),),
          vcpus=4, logarithmic=False,
          note="At 100 % falcon must step aside, and must not be worse than stock beside the same work. Only the kernel's instructions "
               "are counted, because the other work runs in user space."),
)}


class Sweeper(Engine):
    """Sweeper(sweep, say, ...).run(): the document of sweep-<name>.json. A point that cannot be measured does not
    affect others.

    asked: further fields of the Plan.
    """

    def __init__(self, sweep, say, cases=None, **asked):
        cases = cases or sweep.cases
        for name in cases:
            if name not in sweep.cases:
                raise BenchError(f"sweep {sweep.name} has no case '{name}'; it has {', '.join(sweep.cases)}")
        super().__init__(Plan(cases, sweep.variants(cases), vcpus=sweep.vcpus, **asked), say)
        self._sweep = sweep
        self._refused = {}      # (case, variant or ALL) -> why

    def _calibrate_case(self, topology, guest, case):
        try:
            super()._calibrate_case(topology, guest, case)
        except BenchError as error:
            self._refuse(case.name, ALL, error)

    def _round(self, topology, guest, variants, number):
        self._once(topology, guest, variants, number, False)

    def _lined_round(self, topology, guest, variants, number):
        self._once(topology, guest, variants, number, True)

    def _once(self, topology, guest, variants, number, lined):
        """Measure each remaining point once."""
        for name in self.plan.cases:
            case, wanted = CASES[name], self._wanted(name, variants)
            if wanted:
                self._shape(topology, guest, case)
            # the order rotates, so that no variant always follows the same one
            shift = number % len(wanted) if wanted else 0
            for variant in wanted[shift:] + wanted[:shift]:
                try:
                    done = self._patiently(topology, guest, case, variant, lined=lined)
                except BenchError as error:
                    self._refuse(name, variant.name, error)
                    continue
                executed = result.per_cpu_instructions(case, done)
                self._say(f"[{'lines' if lined else number + 1}] {name} {variant.name}: busiest {max(result.of_path(executed)):.0f} "
                          f"{case.metrics[case.counted.busiest_instructions]}, all {sum(executed):.0f}; lost {done.lost}, "
                          f"duplicated {done.duplicated}, reordered {done.reordered}")

    def _wanted(self, name, variants):
        return [variant for variant in variants if variant.name in self._sweep.variants([name])
                and not {(name, ALL), (name, variant.name)} & set(self._refused)]

    def _refuse(self, case, variant, error):
        self._say(f"{case} {variant}: left out: {error}")
        self._refused[case, variant] = str(error)
        for rounds in (self._rounds, self._lined):
            rounds.pop((case, variant), None)

    def _write(self):
        rows = self._rows()
        if not rows:
            raise BenchError(f"sweep {self._sweep.name}: nothing could be measured: {next(iter(self._refused.values()))}")
        document = {"sweep": self._sweep.name,
                    "points": [dataclasses.asdict(point) for point in self._sweep.points if point.case in self.plan.cases],
                    "refused": [{"case": case, "variant": variant, "why": why}
                                for (case, variant), why in self._refused.items()],
                    "results": rows, **self.details()}
        check(document)
        write(path_of(self._sweep.name), document)
        return document


def path_of(name):
    return REPO / f"build/bench/sweep-{name}.json"


def check(document):
    """Raises SchemaError unless the document is valid."""
    schema.check_form(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    schema.check(document["results"])
    if document["sweep"] not in SWEEPS:
        raise schema.SchemaError(f"document.sweep: no sweep '{document['sweep']}'")
    known = {(row["case"], row["variant"]) for row in document["results"]}
    known |= {(entry["case"], entry["variant"]) for entry in document["refused"]}
    for index, point in enumerate(document["points"]):
        for variant in (point["variant"], point["base"]):
            if not known & {(point["case"], variant), (point["case"], ALL)}:
                raise schema.SchemaError(f"document.points[{index}]: no results of {point['case']}, {variant}")
