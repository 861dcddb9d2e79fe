# SPDX-License-Identifier: GPL-2.0
"""falconctl top: rates between two samples, the busiest first, and the decisions between them."""

import json
import signal

import pytest

from cli.fake_kernel import do, dump
from cli.test_answers import CPUS, ELEPHANT, MOUSE, STATUS, TCP6, UDP4

LANES = {**STATUS, "mode": "lanes"}
ROOM = 0.5      # tolerance of a rate: samples are a second apart, or more on a busy machine


def rising(set_name, views):
    """A handler whose answers are the samples in turn, the last one for ever."""
    asked = iter(range(10 ** 6))
    return lambda request: dump(set_name, views[min(next(asked), len(views) - 1)])(request)


def stats(cpu, stage, **counters):
    return {"cpu": cpu, "stage": stage, "counters": counters}


def play(peer, flows, counters=((), ()), status=LANES):
    peer.handlers.update({"status-get": do("status", status), "cpu-get": dump("cpu", CPUS),
                          "stats-get": rising("stats", [list(view) for view in counters]),
                          "flow-get": rising("flow", flows)})


def views(ctl, *args):
    result = ctl("top", "--json", *args)
    assert (result.code, result.err) == (0, "")
    return [json.loads(line) for line in result.out.splitlines()]


def is_rate(rate, count):
    """Two samples are at least a second apart."""
    return ROOM * count <= rate <= count


def test_rates_of_cpus_by_stage(ctl, peer):
    before = [stats(0, "nic", asked=10, taken=1000), stats(1, "tunnel", processed=500), stats(17, "container", delivered=7)]
    after = [stats(0, "nic", asked=110, taken=2900, wakes=30), stats(1, "tunnel", processed=2500),
             stats(17, "container", delivered=507, asked=500)]
    play(peer, [[]], (before, after))
    [view] = views(ctl, "--count", "1")
    assert view["summary"].startswith("3 flows in lanes, 2 of them on several CPUs at once; 412 mice on the kernel's path; CPU 17")
    assert [{key: cpu[key] for key in CPUS[0]} for cpu in view["cpus"]] == CPUS
    nic, worker, last = view["cpus"]
    assert is_rate(nic["nic"], 2000) and is_rate(nic["wakes"], 30) and nic["tunnel"] == nic["container"] == 0
    assert is_rate(worker["tunnel"], 2000) and worker["nic"] == 0
    assert is_rate(last["container"], 1000)


def test_the_busiest_flow_is_first_and_mice_are_none(ctl, peer):
    slow, fast = {**ELEPHANT, "sport": 1, "hash": 1}, {**ELEPHANT, "sport": 2, "hash": 2}
    play(peer, [[MOUSE, slow, fast], [MOUSE, {**slow, "packets": 2 ** 41 + 100}, {**fast, "packets": 2 ** 41 + 9000}]])
    [view] = views(ctl, "--count", "1")
    assert [flow["sport"] for flow in view["flows"]] == [2, 1]
    assert is_rate(view["flows"][0]["rate"], 9000) and is_rate(view["flows"][1]["rate"], 100)
    assert {"protocol": "udp", "saddr": "10.0.0.1", "dport": 5201, "state": "several", "workers": "1,3"}.items() <= view["flows"][0].items()
    assert view["decisions"] == []


@pytest.mark.parametrize("args, shown", [([], 20), (["--top=3"], 3), (["--top=0"], 50)])
def test_as_many_flows_as_asked_for(ctl, peer, args, shown):
    play(peer, [[{**ELEPHANT, "hash": n} for n in range(50)]])
    assert len(views(ctl, "--count=1", *args)[0]["flows"]) == shown


def test_counters_that_begin_anew_are_no_rate(ctl, peer):
    play(peer, [[ELEPHANT], [{**ELEPHANT, "packets": 3}]],
         ([stats(0, "nic", taken=900)], [stats(0, "nic", taken=5)]))
    [view] = views(ctl, "--count", "1")
    assert view["flows"][0]["rate"] == 0 and view["cpus"][0]["nic"] == 0


def test_equal_flows_of_two_networks_are_told_apart(ctl, peer):
    first, second = ({**ELEPHANT, "hash": vni, "vni": vni, "twin": 1} for vni in (7, 8))
    play(peer, [[first, second], [first, {**second, "workers": "1,2"}]])
    [view] = views(ctl, "--count", "1")
    assert sorted(flow["vni"] for flow in view["flows"]) == [7, 8]
    [decision] = view["decisions"]
    assert decision["what"].startswith("udp 10.0.0.1:4242 > 10.0.0.2:5201 vni 8: several (1,3) -> several (1,2)")


def test_what_was_decided_between_two_views(ctl, peer):
    one = {**ELEPHANT, "state": "one", "workers": "3"}
    play(peer, [[MOUSE], [{**one, **{key: MOUSE[key] for key in ("sport", "hash")}}], [{**ELEPHANT, "sport": 99}], [MOUSE]])
    found = views(ctl, "--count", "3")
    name = "udp 10.0.0.1:99 > 10.0.0.2:5201"
    assert [[decision["what"] for decision in view["decisions"]] for view in found] == [
        [f"{name}: kernel -> one (3)"], [f"{name}: one (3) -> several (1,3)"], [f"{name}: several (1,3) -> kernel"]]
    assert len(found[0]["decisions"][0]["time"]) == len("00:00:00")


def test_flows_of_the_pipeline_and_their_moves(ctl, peer):
    play(peer, [[UDP4, TCP6], [{**UDP4, "cpu": 3, "packets": UDP4["packets"] + 10}, TCP6]], status=STATUS)
    [view] = views(ctl, "--count", "1")
    assert [flow["stage"] for flow in view["flows"]] == ["container", "tunnel"]
    assert [decision["what"] for decision in view["decisions"]] == ["udp 10.0.0.1:4242 > 10.0.0.2:5201: CPU 2 -> CPU 3"]


def test_the_text_has_what_json_has(ctl, peer):
    play(peer, [[MOUSE, TCP6], [ELEPHANT, TCP6]], ([stats(17, "nic", taken=0)], [stats(17, "nic", taken=10 ** 9)]))
    text = ctl("top", "--count=1").out
    assert text.startswith("3 flows in lanes, 2 of them")
    assert "10.0.0.1:4242 > 10.0.0.2:5201" in text and "fd00::1:1 > fd00::2:65535" in text
    assert "\033" not in text, "only a terminal is cleared"
    cpu = next(line for line in text.splitlines() if line.split()[:2] == ["17", "87"])
    assert int(cpu.split()[2]) > 10 ** 8


def test_idle_cpus_are_counted_not_listed(ctl, peer):
    play(peer, [[]])
    peer.handlers["cpu-get"] = dump("cpu", [{"cpu": n, "load": int(n == 3), "loaded": 0, "used": 1} for n in range(128)])
    text = ctl("top", "--count=1").out
    assert " 127 idle\n" in text
    assert [line.split()[0] for line in text.splitlines() if line.split()[1:2] == ["1"]] == ["3"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_until_interrupted(ctl, peer, number):
    play(peer, [[ELEPHANT]])
    with ctl.start("top", "--json") as run:
        assert json.loads(run.stdout.readline())["flows"]
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert (run.returncode, err) == (0, "")
    assert all(json.loads(line) for line in out.splitlines())


@pytest.mark.parametrize("word, message", [("--interval=0", "'0' is not a number of at least 1"),
                                           ("--interval=3601", "3601 is more than 3600"),
                                           ("--count=0", "'0' is not a number of at least 1")])
def test_wrong_options(ctl, peer, word, message):
    result = ctl("top", word, "--json")
    assert result.code == 2 and message in result.error()["message"]
    assert not peer.requests


def test_a_module_that_goes_ends_it(ctl, peer):
    play(peer, [[]])
    answers = iter([peer.handlers["status-get"]])
    peer.handlers["status-get"] = lambda request: next(answers, lambda r: [r.ack(2)])(request)
    result = ctl("top", "--json")
    assert result.code in (1, 3, 6) and result.error()["errno"] == 2
