# SPDX-License-Identifier: GPL-2.0
"""Sweeps: their variants' configuration. A point that cannot be measured does not affect others."""

import contextlib
import json
import subprocess
import time
from types import SimpleNamespace

import pytest

from bench import sweep, synthetic, tuned
from bench.case import CASES, BenchError
from bench.variant import REPO, VARIANTS

UDP, BUSY = CASES["udp-1400-1flow"], CASES["udp-1400-busy"]


class Guest:
    """Reports a given state of falcon, and records the processes started beside."""

    def __init__(self, state="enabled"):
        self.state, self.beside, self.ran = state, [], []

    def run(self, script, check=True):
        self.ran.append(script)
        return SimpleNamespace(out=json.dumps({"state": self.state}), rc=1 if check is False else 0)

    def spawn(self, script):
        self.beside.append(script)
        return SimpleNamespace(stop=lambda: self.beside.remove(script))


def test_one_setting_differs():
    lanes, auto = VARIANTS["lanes-2"](6).config(UDP), VARIANTS["auto"](6).config(UDP)
    assert VARIANTS["lanes-2-batch-16"](6).config(UDP) == {**lanes, "batch": 16}
    assert VARIANTS["auto-rate-5000"](6).config(UDP) == {**auto, "elephant-rate": 5000}
    assert VARIANTS["lanes-5"](8).config(UDP) == {**VARIANTS["lanes-2"](8).config(UDP), "workers": 5}
    assert (VARIANTS["lanes-4"].min_vcpus, VARIANTS["lanes-5"].min_vcpus) == (7, 8)
    assert not any(variant.usual for variant in tuned.TUNED)


def test_a_flow_below_the_rate_is_measured_where_it_is():
    VARIANTS["auto-rate-80000"](6).check(Guest(), UDP, None)
    with pytest.raises(BenchError, match="auto-rate-80000: falcon is standby"):
        VARIANTS["auto-rate-80000"](6).check(Guest("standby"), UDP, None)


@pytest.mark.parametrize("load, state, fine", [(40, "enabled", True), (40, "standby", True), (100, "standby", True),
                                               (100, "enabled", False)])
def test_falcon_must_step_aside_where_all_cpus_are_busy(load, state, fine):
    variant = VARIANTS[f"auto-busy-{load}"](4)
    if fine:
        variant.check(Guest(state), BUSY, None)
        return
    with pytest.raises(BenchError, match=f"falcon is {state}"):
        variant.check(Guest(state), BUSY, None)


@pytest.mark.parametrize("name", ["stock-busy-70", "auto-busy-70"])
def test_other_work_begins_and_ends_with_the_variant(name):
    variant, guest = VARIANTS[name](4), Guest()
    variant.apply(guest, BUSY)
    assert len(guest.beside) == 1
    variant.undo(guest)
    assert not guest.beside
    idle = VARIANTS[name.replace("70", "0")](4)
    idle.apply(guest, BUSY)
    assert not guest.beside


def test_other_work_takes_as_much_of_a_cpu_as_it_should():
    script = tuned.burn(30, 1).replace("taskset", ": taskset")
    with subprocess.Popen(["bash", "-c", script], start_new_session=True) as process:
        time.sleep(1.5)
        done = subprocess.run(["ps", "-o", "cputimes=,etimes=", "-g", str(process.pid)], capture_output=True, text=True, check=False)
        subprocess.run(["kill", "--", f"-{process.pid}"], check=True)
    # whole seconds only: it runs, but not all the time
    assert len(done.stdout.splitlines()) == 2 and all(int(line.split()[0]) <= 1 for line in done.stdout.splitlines())


@pytest.mark.parametrize("name, frames", [("udp-32-1flow", 1), ("udp-1400-1flow", 1), ("udp-9000-1flow", 1), ("udp-4096-1flow", 3),
                                          ("udp-65507-1flow", 47), ("tcp-mtu-1flow", 1), ("udp-rr", 1)])
def test_what_is_larger_than_the_mtu_is_sent_as_fragments(name, frames):
    assert CASES[name].frames == frames


class Sweeper(sweep.Sweeper):
    """A Sweeper without a guest: points in `broken` fail."""

    broken = set()

    def _shape(self, _topology, _guest, _case):
        pass

    def _patiently(self, _topology, _guest, case, variant, *, lined=False):
        if (case.name, variant.name) in self.broken:
            raise BenchError("it falls over")
        done = synthetic.round_of(case)
        (self._lined if lined else self._rounds).setdefault((case.name, variant.name), []).append(done)
        return done

    @contextlib.contextmanager
    def _booted(self, _variants):
        self._release, self._idle = synthetic.RELEASE, [0.0]
        yield None, None


@pytest.fixture
def written(monkeypatch):
    """The documents written, by name."""
    found = {}
    monkeypatch.setattr(sweep, "write", lambda path, document: found.update({path.name: document}))
    return found


def test_a_point_that_fails_costs_no_other(written, monkeypatch):
    monkeypatch.setattr(Sweeper, "broken", {(UDP.name, "lanes-5")})
    said = []
    sweeper = Sweeper(sweep.SWEEPS["workers"], said.append, rounds=2, lined=1)
    document = sweeper.run()
    assert written["sweep-workers.json"] is document
    assert document["refused"] == [{"case": UDP.name, "variant": "lanes-5", "why": "it falls over"}]
    measured = {(row["case"], row["variant"]) for row in document["results"]}
    assert (UDP.name, "lanes-5") not in measured and ("tcp-mtu-1flow", "lanes-5") in measured and len(measured) == 11
    assert {row["rounds"] for row in document["results"] if "lines" not in row["metric"]} == {2}
    assert len(document["lined"]) == 11 and any("left out: it falls over" in line for line in said)


def test_a_case_that_cannot_be_calibrated_costs_no_other(written, monkeypatch):
    monkeypatch.setattr(sweep.Engine, "_calibrate_case", _fails)
    sweeper = Sweeper(sweep.SWEEPS["batch"], print, rounds=1)
    sweeper._calibrate_case(None, None, CASES["tcp-mtu-1flow"])         # pylint: disable=protected-access
    document = sweeper.run()
    assert {row["case"] for row in document["results"]} == {UDP.name}
    assert document["refused"] == [{"case": "tcp-mtu-1flow", "variant": "all", "why": "stock is too slow"}]
    assert written


def _fails(*_args):
    raise BenchError("stock is too slow")


def test_a_sweep_of_nothing_is_an_error(monkeypatch):
    sweeper = Sweeper(sweep.SWEEPS["shift"], print)
    monkeypatch.setattr(Sweeper, "broken", {(case, variant) for case in sweeper.plan.cases for variant in sweeper.plan.variants})
    with pytest.raises(BenchError, match="nothing could be measured: it falls over"):
        sweeper.run()


@pytest.mark.parametrize("environment, message", [
    ({}, "SWEEP is needed: size, flows"), ({"SWEEP": "speed"}, "no sweep 'speed'; known are size"),
    ({"SWEEP": "batch", "CASES": "udp-rr"}, "sweep batch has no case 'udp-rr'; it has udp-1400-1flow, tcp-mtu-1flow"),
    ({"SWEEP": "batch", "ROUNDS": "0"}, "at least one round"),
    ({"SWEEP": "batch", "NIC": "e100"}, "no NIC 'e100'; known are virtio, igb"),
    ({"SWEEP": "batch", "OVERLAY": "vlan"}, "no overlay 'vlan'; known are vxlan"),
])
def test_what_cannot_be_swept_is_refused(environment, message):
    done = subprocess.run([REPO / "test/bench/sweep"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and message in done.stderr
