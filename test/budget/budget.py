# SPDX-License-Identifier: GPL-2.0
"""Cost limits for a packet or a request: instructions relative to stock's in the same boot, and the cache lines that
falcon's own functions move.

budgets.json has the measured costs at the time when it was written (`make budgets`). A row may cost 3 % more
instructions than that, its application 10 %, and 3 % more lines. The rates are the same on every machine and far below
stock's limit, so nothing depends on the machine.
"""

import collections
import contextlib
import dataclasses
import json
from pathlib import Path

from bench import hotspot
from bench.calibrate import Calibration
from bench.case import CASES
from bench.engine import Engine, Plan, Watch
from bench.profiler import Following
from bench.result import of_path, per_cpu_instructions, per_cpu_lines
from bench.symbols import Symbols
from bench.variant import VARIANTS

BUDGETS = Path(__file__).with_name("budgets.json")
MORE = 1.03             # than the recorded cost
# Of the application: chance decides how often it waits for packets and is woken: 0.91 to 1.03 of stock's in three
# boots.
MORE_OF_APPLICATION = 1.1
LINES = 0.1             # per packet, MB or request: allowance for all of falcon's functions together
# The lines that a function moves depend on the number of packets that it finds at a time, which is chance.
MORE_OF_ONE = 1.5
LINES_OF_ONE = {"udp": 0.2, "tcp": 150, "rr": 0.2}
VCPUS = 6
WINDOW_S = 2
RATES = {"udp": 6000, "tcp": 6e6, "rr": 0}      # packets, bytes a second; requests as fast as they are answered
SHOWN = 6               # functions that a failure names
KEPT = 0.005            # of all instructions or lines: functions with less are not recorded
LITTLE = 0.05           # but falcon's own functions are, from this on
OWN = "[falcon]"

# (case, variant)
ROWS = (
    ("udp-1400-burst32", "loaded"),
    ("udp-1400-burst32", "pipeline"),
    ("udp-1400-burst32", "lanes-1"),
    ("udp-1400-burst32", "lanes-2"),
    ("udp-1400-burst32", "lanes-3"),
    ("udp-1400-1flow", "lanes-2"),
    ("tcp-mtu-1flow", "lanes-2"),
    ("udp-rr", "auto"),
    ("tcp-rr", "auto"),
    ("tcp-crr", "auto"),
    ("udp-rr", "sync-rule"),
    ("udp-rr", "rules-10000"),
)
LINED = (
    ("udp-1400-burst32", "lanes-2"),
    ("udp-1400-1flow", "lanes-2"),
    ("tcp-mtu-1flow", "lanes-2"),
    ("udp-rr", "auto"),
)
# Lines that CPUs share move once for each burst. Short bursts show them best, but chance decides how many bursts arrive
# together, and with it the sum.
BY_FUNCTION = ("udp-1400-1flow",)
# These have a budget: the NIC's CPU, the busiest except the application's, all CPUs, and the application's.
PLACES = ("nic", "busiest", "total", "application")
# A packet of these rows must cost falcon the same for any number of devices: in lanes beside a rule for other flows,
# and by a rule.
CROWDED = (
    ("udp-1400-burst32", "lanes-3-sync-rule"),
    ("udp-rr", "sync-rule"),
)
DEVICES = 2000
# For requests one at a time, which falcon leaves alone: the application is woken in one of several ways, by chance, so
# its CPU's count differs by 10 %.
PLACES_ALONE = ("nic", "total")


@dataclasses.dataclass
class Cost:
    """Instructions for a packet, MB or request."""

    nic: float
    busiest: float
    total: float
    application: float
    functions: dict     # {name: instructions}

    @property
    def own(self):
        """Instructions of falcon's functions. The others' cost, and the time that they wait for locks, depends on
        chance, too.
        """
        return sum(each for name, each in self.functions.items() if OWN in name)

    def over(self, stock):
        """{place: cost divided by stock's}"""
        return {place: getattr(self, place) / getattr(stock, place) for place in PLACES}


@dataclasses.dataclass
class Lines:
    """Cache lines moved, per packet, MB or request."""

    total: float
    functions: dict     # {name: lines}

    @property
    def own(self):
        """{name: lines} of falcon's functions."""
        return {name: each for name, each in self.functions.items() if OWN in name}


class Executed(Watch):
    """Collects the blocks executed in the window."""

    def __init__(self, guest, case, variant):
        super().__init__(guest, case, variant)
        self.blocks = {}        # {address: instructions}
        self._first = None

    def before(self):
        super().before()
        self._first = self._guest.meter.blocks()

    def after(self):
        last = self._guest.meter.blocks()
        for key, counts in last.items():
            grown = sum(counts) - sum(self._first.get(key, ()))
            if grown:
                self.blocks[key[0]] = self.blocks.get(key[0], 0) + grown * key[1]
        super().after()


class Budgeter(Engine):
    """Measures rows in one guest; a context manager."""

    NAMES = True

    def __init__(self, kernel, say):
        names = list(dict.fromkeys(case for case, _ in ROWS))
        super().__init__(Plan(names, ["stock"], kernel, VCPUS, rounds=1, seconds=WINDOW_S), say)
        self._stack = contextlib.ExitStack()
        self._topology = self._guest = None
        self._stocks = {}       # {case: Cost}

    def __enter__(self):
        # any variant that needs falcon, so that falcon is built
        self._topology, self._guest = self._stack.enter_context(self._booted([VARIANTS["auto"](VCPUS)]))
        return self

    def __exit__(self, *exc):
        return self._stack.__exit__(*exc)

    def _calibrate(self, topology, guest):
        for name in self.plan.cases:
            rate = RATES[CASES[name].kind]
            self._calibrations[name] = Calibration(rate, 0, rate, rate, 0)

    def _variant(self, name, module):
        variant = VARIANTS[name](VCPUS)
        if module:
            variant.module = module
        return variant

    def cost(self, name, variant, module=None):
        """The Cost; module: path of another falcon in the guest."""
        case, variant = CASES[name], self._variant(variant, module)
        executed = Executed(self._guest, case, variant)
        done = self._patiently(self._topology, self._guest, case, variant, executed)
        symbols = Symbols(self._kallsyms)
        functions = collections.Counter()
        for address, count in executed.blocks.items():
            functions[str(symbols.at(address))] += case.each(count, done.delivered)
        per_cpu = per_cpu_instructions(case, done)
        self._say(f"{key(name, variant.name)}: {sum(per_cpu):.0f} instructions, {per_cpu[0]:.0f} of them on the NIC's CPU")
        return Cost(per_cpu[0], max(of_path(per_cpu)), sum(per_cpu), per_cpu[-1], dict(functions))

    def lines(self, name, variant, module=None):
        """The Lines; module: path of another falcon in the guest."""
        case, variant = CASES[name], self._variant(variant, module)
        following = Following(self._guest, case, variant)
        done = self._patiently(self._topology, self._guest, case, variant, following, lined=True)
        symbols = Symbols(self._kallsyms)
        functions = collections.Counter()
        for stacks in hotspot.spent_by_stack(following.first, following.last):
            for stack, spent in stacks.items():
                functions[str(symbols.at(stack[0])) if stack else hotspot.USER] += case.each(spent.lines, done.delivered)
        return Lines(sum(per_cpu_lines(case, done)), dict(functions))

    @contextlib.contextmanager
    def devices(self, count):
        """Add so many devices while the block runs: containers' veths, half of which are the host's ends."""
        self._guest.run(f"set -e; ip netns add crowd; for ((n = 0; n < {count // 2}; n++)); do\n"
                        f"\techo link add crowd$n type veth peer name eth$n netns crowd\ndone | ip -batch -", timeout=300)
        try:
            yield
        finally:
            if self._guest.alive:
                self._guest.run("ip netns del crowd; until ! ip -o link show type veth | grep -q crowd; do sleep 0.1; done", timeout=300)

    @property
    def release(self):
        return self._release

    def forget_stock(self):
        self._stocks.clear()

    def stock(self, name, anew=False):
        """Stock's Cost in this boot."""
        if anew or name not in self._stocks:
            self._stocks[name] = self.cost(name, "stock")
        return self._stocks[name]


def load():
    return json.loads(BUDGETS.read_text())


def key(case, variant):
    return f"{case} {variant}"


def grown(functions, then):
    """Lines on the functions whose cost has grown, the worst first. Waiting for locks comes last: it differs by chance,
    because the holder's CPU may stand still.
    """
    more = {name: each - then.get(name, 0) for name, each in functions.items() if name != hotspot.SPINNING}
    worst = sorted(more, key=more.get, reverse=True)[:SHOWN] + [name for name in functions if name == hotspot.SPINNING]
    return [f"{name}: {then.get(name, 0):.1f} -> {functions[name]:.1f}" for name in worst]


def exceeded(cost, stock, budget):
    """Lines on costs that exceed their budget."""
    allowed = {place: (MORE_OF_APPLICATION if place == "application" else MORE) * budget[place]
               for place in PLACES if place in budget}
    return [f"{place}: {value:.3f} of stock's ({getattr(cost, place):.0f} of {getattr(stock, place):.0f}); the budget is "
            f"{allowed[place]:.3f}" for place, value in cost.over(stock).items()
            if place in allowed and value > allowed[place]]


def grown_with_devices(cost, before):
    """True if falcon's functions cost more than before."""
    return cost.own > MORE * before.own


def exceeded_lines(case, lines, budget):
    """Lines on cache lines beyond their budget, for falcon's own functions together and each. The other functions'
    lines differ by a half from round to round, because they depend on where the pages were freed that the driver
    allocates.
    """
    found, own = [], sum(lines.own.values())
    allowed = budget["own"] * MORE + LINES
    if case not in BY_FUNCTION and own > allowed:
        found.append(f"{own:.2f} lines in falcon's functions; the budget is {allowed:.2f}")
    for name, value in sorted(lines.own.items(), key=lambda item: item[1], reverse=True):
        allowed = budget["functions"].get(name, 0) * MORE_OF_ONE + LINES_OF_ONE[CASES[case].kind]
        if value > allowed:
            found.append(f"{name}: {value:.2f} lines; the budget is {allowed:.2f}")
    return found


def _kept(functions):
    limit = KEPT * sum(functions.values())
    return {name: round(each, 2) for name, each in sorted(functions.items())
            if each >= limit or (OWN in name and each >= LITTLE)}


def _dearest(lines):
    """The most lines in any of several rounds, of all of falcon's functions and of each."""
    names = sorted({name for each in lines for name in each.own})
    most = {name: max(each.own.get(name, 0) for each in lines) for name in names}
    return {"own": round(max(sum(each.own.values()) for each in lines), 3),
            "functions": {name: round(each, 2) for name, each in most.items() if each >= LITTLE}}


def text(document):
    """The text of budgets.json: a line for each row, and one for its functions."""
    parts = []
    for name in ("rows", "lines"):
        rows = []
        for row, found in document[name].items():
            figures = {key: value for key, value in found.items() if key != "functions"}
            rows.append(f'  {json.dumps(row)}: {json.dumps(figures)[:-1]},\n   "functions": {json.dumps(found["functions"])}}}')
        parts.append(f' "{name}": {{\n' + ",\n".join(rows) + "\n }")
    return f'{{\n "kernel": {json.dumps(document["kernel"])},\n' + ",\n".join(parts) + "\n}\n"


def _allowed(case, found):
    """{place: part of stock's} from several rounds. If falcon leaves the work unchanged, a value below 1 is chance: how
    often an application waits, and for which lock.
    """
    alone = CASES[case].kind == "rr"
    return {place: round(max(1.0 if alone or place == "application" else 0.0, *(over[place] for over in found)), 4)
            for place in (PLACES_ALONE if alone else PLACES)}


def record(budgeter, rounds):
    """The document of budgets.json: the highest costs of several rounds, which a budget must allow."""
    costs, lines = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(rounds):
        budgeter.forget_stock()
        for case, variant in ROWS:
            costs[case, variant].append((budgeter.cost(case, variant), budgeter.stock(case)))
        for case, variant in LINED:
            lines[case, variant].append(budgeter.lines(case, variant))
    return {
        "kernel": budgeter.release,
        "rows": {key(*row): {
            **_allowed(row[0], [cost.over(stock) for cost, stock in found]),
            "functions": _kept(found[0][0].functions)} for row, found in costs.items()},
        "lines": {key(*row): _dearest(found) for row, found in lines.items()},
    }
