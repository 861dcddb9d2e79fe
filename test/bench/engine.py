# SPDX-License-Identifier: GPL-2.0
"""The bench: cases x variants x rounds, interleaved in one boot."""

import contextlib
import dataclasses
import json
import os
import time

from net import plan
from net.topology import Topology
from vm import meter, tools

from . import machine, measure, result, schema
from .calibrate import calibrate
from .case import CASES, BenchError, Disturbed
from .variant import REPO, VARIANTS, application_cpu

BOOT_S = 240
OVERHEAD_S = 30     # of a round, at most, on a busy machine
WATCH_S = 7         # under traffic, before and after the window, to inspect the guest
AGAIN = 2           # repetitions of a round that the machine disturbed
IDLE_S = 3
LINED = 0.08        # of the rate, while lines are counted
LINED_LEAST = 1500  # packets a second, which still make an elephant
SEGMENT = 1398      # bytes of TCP in a packet at the overlay's usual MTU
FULL = 0.95         # on a host this busy, the host decides which vCPU runs when


@dataclasses.dataclass
class Plan:
    """The options of a run."""

    cases: list
    variants: list
    kernel: str = "6.12"
    vcpus: int = 6
    rounds: int = 5
    seconds: int = 4            # a round's window
    lined: int = 1              # rounds in which lines are counted
    nic: str = "virtio"         # the guest's NIC
    overlay: str = "vxlan"
    boot: str = ""              # additions to the guest kernel's command line
    directory: str = "build/bench"

    def __post_init__(self):
        for kind, names, known in (("case", self.cases, CASES), ("variant", self.variants, VARIANTS),
                                   ("NIC", [self.nic], plan.WIRES), ("overlay", [self.overlay], plan.VARIANTS)):
            if not names:
                raise BenchError(f"no {kind} given; known are {', '.join(known)}")
            for name in names:
                if name not in known:
                    raise BenchError(f"no {kind} '{name}'; known are {', '.join(known)}")
            if len(set(names)) != len(names):
                raise BenchError(f"a {kind} is given twice: {', '.join(names)}")
        for name in self.variants:
            if self.vcpus < VARIANTS[name].min_vcpus:
                raise BenchError(f"{self.vcpus} vCPUs are too few; {name} needs {VARIANTS[name].min_vcpus}")
        if self.rounds < 1 or self.seconds < 1:
            raise BenchError("at least one round of at least one second is needed")
        if self.lined < 0:
            raise BenchError(f"{self.lined} rounds in which lines are counted?")

    @property
    def time_limit(self):
        each = self.seconds + OVERHEAD_S
        return BOOT_S + len(self.cases) * each * (10 + (self.rounds + 2 * self.lined) * len(self.variants))


class Watch(measure.Beside):
    """Calls the variant's ready() and watch() under the traffic."""

    def __init__(self, guest, case, variant):
        self._guest, self._case, self._variant = guest, case, variant
        self.seconds = WATCH_S

    def before(self):
        self._variant.ready(self._guest, self._case)

    def after(self):
        self._variant.watch(self._guest, self._case)


class Engine:
    """Engine(plan, say).run(); `say` is called with each line of progress."""

    NAMES = False       # True if names of functions are needed in mode count, too

    def __init__(self, plan, say):
        self.plan = plan
        self._say = say
        self._rounds = {}       # (case, variant) -> [Round]
        self._lined = {}        # the rounds in which lines were counted
        self._idle = []         # instructions a second of each vCPU without traffic
        self._calibrations = {}
        self._release = self._kallsyms = None
        self._machine = {}
        self._mtu = None        # the topology's initial MTU
        self._merged = False    # True if GRO merges UDP
        self._app = application_cpu(plan.vcpus)

    def run(self):
        """The results, which are also written to files."""
        # checked before a guest starts in vain
        variants = [VARIANTS[name](self.plan.vcpus) for name in self.plan.variants]
        with self._booted(variants) as (topology, guest):
            for number in range(self.plan.rounds):
                self._round(topology, guest, variants, number)
            for number in range(self.plan.lined):
                self._lined_round(topology, guest, variants, number)
        return self._write()

    @contextlib.contextmanager
    def _booted(self, variants):
        """Topology and guest, ready for rounds of these variants."""
        asked = self.plan
        if any(variant.needs_falcon for variant in variants):
            self._build()
        for variant in variants:
            variant.build()
        self._say(f"booting a guest with kernel {asked.kernel}, {asked.vcpus} vCPUs and {asked.nic}")
        with Topology(asked.overlay, plan.WIRES[asked.nic]) as topology:
            with topology.guest(kernel=asked.kernel, vcpus=asked.vcpus, append=asked.boot,
                                time_limit=asked.time_limit, metered=True) as guest:
                self._release = guest.run("uname -r").out.strip()
                self._say(f"guest runs {self._release} ({guest.accel})")
                self._machine = machine.describe(guest.pid)
                topology.setup_guest(guest)
                self._idle = idle(guest)
                self._calibrate(topology, guest)
                yield topology, guest

    @property
    def disturbed(self):
        """Lines on rounds in which the machine, not the variant, may have determined the figures."""
        lines = []
        for (name, variant), rounds in self._rounds.items():
            full = sum(item.host_busy > FULL for item in rounds)
            if full:
                lines.append(f"{name} {variant}: in {full} of {len(rounds)} rounds the host was more than "
                             f"{FULL:.0%} busy")
            dropped = sum(item.dropped_by_host for item in rounds)
            if dropped:
                lines.append(f"{name} {variant}: {dropped} frames were lost on the host, before the guest")
        return lines

    def _build(self):
        from vm import module       # needs the trees, which stock alone does not need
        self._say(f"building falcon for {self.plan.kernel}")
        module.build(self.plan.kernel)
        # the guest runs the host's build
        try:
            tools.falconctl()
        except tools.ToolsFailed as failed:
            raise BenchError(str(failed)) from failed

    def _calibrate(self, topology, guest):
        for name in self.plan.cases:
            self._calibrate_case(topology, guest, CASES[name])

    def _calibrate_case(self, topology, guest, case):
        self._shape(topology, guest, case)
        found = calibrate(topology, guest, case, self._app)
        self._calibrations[case.name] = found
        what = (f"stock's limit is {case.rate(found.limit)}; measuring at {case.rate(found.rate)}, "
                f"{found.rate / found.limit:.0%} of it") if case.paced else f"{case.rate(found.rate)} by stock"
        self._say(f"{case.name}: {what} (uses {found.own_busy:.0%} of the host)")

    def _shape(self, topology, guest, case):
        """Set up the network, and GRO's merging, for this case."""
        if case.mtu != self._mtu:
            topology.set_mtu(guest, case.mtu)
            self._mtu = case.mtu
        if case.merged != self._merged:
            topology.merge_udp(guest, case.merged)
            self._merged = case.merged

    def _round(self, topology, guest, variants, number):
        total = self.plan.rounds * len(self.plan.cases) * len(variants)
        for place, name in enumerate(self.plan.cases):
            case = CASES[name]
            self._shape(topology, guest, case)
            # the order rotates, so that no variant always follows the same one
            shift = number % len(variants)
            for turn, variant in enumerate(variants[shift:] + variants[:shift]):
                done = self._patiently(topology, guest, case, variant)
                count = (number * len(self.plan.cases) + place) * len(variants) + turn + 1
                values = result.values(case, done)
                self._say(f"[{count}/{total}] {name} {variant.name}: busiest "
                          f"{values[case.counted.busiest_instructions]:.0f} {case.metrics[case.counted.busiest_instructions]}, "
                          f"all {values[case.counted.total_instructions]:.0f}; busiest "
                          f"{values[case.busiest]:.2f} {case.unit}, all {values[case.total]:.2f}; "
                          f"lost {done.lost}, duplicated {done.duplicated}, reordered {done.reordered}; "
                          f"host {done.host_busy:.0%} busy")

    def _lined_round(self, topology, guest, variants, number):
        """Mode lines is so slow that it has a rate of its own."""
        for name in self.plan.cases:
            case = CASES[name]
            self._shape(topology, guest, case)
            for variant in variants:
                done = self._patiently(topology, guest, case, variant, lined=True)
                lines = result.per_cpu_lines(case, done)
                self._say(f"[lines {number + 1}/{self.plan.lined}] {name} {variant.name}: {sum(lines):.1f} "
                          f"{case.metrics[case.counted.lines_moved]} move at {case.rate(done.delivered / done.seconds)}; "
                          f"lost {done.lost}, duplicated {done.duplicated}, reordered {done.reordered}")

    def _patiently(self, topology, guest, case, variant, beside=None, lined=False):
        """Repeat a disturbed round: one round must not spoil the results of hours."""
        for _ in range(AGAIN):
            try:
                return self._measure(topology, guest, case, variant, beside, lined)
            except Disturbed as disturbed:
                self._say(f"{case.name} {variant.name}: once more, as {disturbed}")
        return self._measure(topology, guest, case, variant, beside, lined)

    def _measure(self, topology, guest, case, variant, beside=None, lined=False):
        variant.apply(guest, case)
        try:
            if not case.paced:
                variant.calm(guest)
            rate = self._calibrations[case.name].rate
            if lined or self.NAMES:
                # a module's functions have other addresses each time it is loaded
                self._kallsyms = meter.kallsyms(guest)
            if lined:
                guest.meter.look_closely(self._kallsyms, guest.directory)
                rate = lined_rate(case, rate)
            done = measure.measure(variant.network(topology), guest, case, rate, self.plan.seconds, self._app,
                                   beside or Watch(guest, case, variant))
            variant.check(guest, case, done)
            done.roles = variant.roles()
            done.idle = [count * done.seconds for count in self._idle]
        finally:
            # a guest that is gone needs no undo
            if guest.alive:
                if lined:
                    guest.meter.count()
                variant.undo(guest)
        guest.check()
        (self._lined if lined else self._rounds).setdefault((case.name, variant.name), []).append(done)
        return done

    def _rows(self):
        """The objects of results.json."""
        results = []
        for (name, variant), rounds in self._rounds.items():
            results += result.rows(CASES[name], variant, self._release, self.plan.vcpus, rounds,
                                   self._lined.get((name, variant), ()))
        return results

    def _write(self):
        results = self._rows()
        schema.check(results)
        directory = REPO / self.plan.directory
        write(directory / "rounds.json", self.details())
        write(directory / "results.json", results)
        return results

    def details(self):
        """Data beyond results.json: every round, every vCPU."""
        def described(of):
            return [{"case": name, "variant": variant, "round": number, "unit": CASES[name].unit,
                     "per_cpu": result.per_cpu(CASES[name], item),
                     "per_cpu_instructions": result.per_cpu_instructions(CASES[name], item),
                     "per_cpu_lines": result.per_cpu_lines(CASES[name], item),
                     **dataclasses.asdict(item)}
                    for (name, variant), items in of.items() for number, item in enumerate(items, 1)]

        return {
            "kernel": self._release, "vcpus": self.plan.vcpus, "application_cpu": self._app,
            "machine": self._machine,
            "plan": dataclasses.asdict(self.plan),
            "host_cpus": os.cpu_count(), "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "calibration": {name: dataclasses.asdict(found)
                            for name, found in self._calibrations.items()},
            "idle_instructions_per_s": self._idle,
            "rounds": described(self._rounds),
            "lined": described(self._lined),
        }


def lined_rate(case, rate):
    """A rate that a guest can process in mode lines."""
    return max(rate * LINED, LINED_LEAST * (SEGMENT if case.kind == "tcp" else 1))


def idle(guest):
    """Instructions a second of each vCPU of an idle guest."""
    first = guest.meter.totals()
    time.sleep(IDLE_S)
    return [(after - before).instructions / IDLE_S for before, after in zip(first, guest.meter.totals())]


def names(text):
    """Words separated by commas or blanks."""
    return text.replace(",", " ").split()


def write(path, document):
    """Write the file in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(document, indent=1) + "\n")
    temporary.replace(path)
