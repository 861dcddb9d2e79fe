# SPDX-License-Identifier: GPL-2.0
"""A round that did not measure its variant is refused; the table of the other rounds."""

import json
from types import SimpleNamespace

import pytest

from bench import report, result, rules
from bench.case import CASES, BenchError
from bench.variant import VARIANTS

UDP, RR = CASES["udp-1400-1flow"], CASES["udp-rr"]
FLOW = {"protocol": "udp", "dport": 5000, "packets": 9000, "state": "several", "workers": "1,2", "cpu": 3}


class Guest:
    """Answers falconctl's commands."""

    def __init__(self, flows=(), taken=10000, steered=0, status=None, ahead=0, others=0, found=0):
        self._answers = {
            "priority list": {"rules": [{"packets": ahead, "flows": found}, *others * [{"flows": 0}]]},
            "flow list": {"flows": list(flows)},
            "stats show": {"total": {"taken": taken, "steered": steered}},
            "status": status or {"state": "enabled", "mode": "lanes"},
            "config show": {"elephant-rate": 10000},
        }

    def run(self, script):
        found = [answer for command, answer in self._answers.items() if command in script]
        assert len(found) == 1, script
        return SimpleNamespace(out=json.dumps(found[0]))


def round_of(frames, delivered=5000, seconds=1.0):
    return SimpleNamespace(total_s=5.0, frames=frames, delivered=delivered, seconds=seconds, requests=1000)


def check(name, guest, frames=10000, case=UDP, delivered=5000):
    variant = VARIANTS[name](6)
    variant.watch(guest, case)
    variant.check(guest, case, round_of(frames, delivered))
    return variant


def test_lanes_are_believed():
    variant = check("lanes-2", Guest([FLOW]))
    assert variant.roles() == ["nic", "worker", "worker", "delivery", "", "application"]
    assert variant.config(RR) == {"cpus": "1,2,3,4", "mode": "lanes", "workers": 2, "policy": "hash"}
    assert variant.config(UDP) == {**variant.config(RR), "elephant-rate": 1000}


def test_the_busiest_of_the_flows_counts():
    check("lanes-1", Guest([{**FLOW, "state": "kernel", "workers": "", "packets": 5},
                            {**FLOW, "state": "one", "workers": "2"},
                            {**FLOW, "dport": 53, "packets": 10 ** 6}]))


@pytest.mark.parametrize("name, guest, message", [
    ("lanes-2", Guest([FLOW], taken=6000), "took 6000 of 10000 .*2000 came a second; it takes flows of 10000"),
    ("lanes-2", Guest([]), "did not list"),
    ("lanes-2", Guest([{**FLOW, "protocol": "tcp"}]), "did not list"),
    ("lanes-3", Guest([FLOW]), "not spread over 3 worker.*several"),
    ("lanes-1", Guest([FLOW]), "not spread over 1 worker"),
    ("lanes-2", Guest([{**FLOW, "workers": "1"}]), "not spread over 2 worker"),
    ("auto", Guest([{**FLOW, "state": "gated"}]), "not spread over as many .*gated"),
    ("pipeline", Guest(), "steered no packet"),
    ("standby", Guest(taken=0), "falcon is enabled"),
    ("standby", Guest(taken=2000, steered=1001, status={"state": "standby"}), "took 2000 and steered 1001 of 10000"),
])
def test_round_of_something_else_is_refused(name, guest, message):
    with pytest.raises(BenchError, match=message):
        check(name, guest)


def test_standby_is_believed():
    check("standby", Guest(taken=2000, steered=900, status={"state": "standby"}))


@pytest.mark.parametrize("flow", [FLOW, {**FLOW, "state": "one", "workers": "4"}])
def test_auto_is_believed_on_one_worker_and_on_several(flow):
    variant = check("auto", Guest([flow]))
    assert variant.config(RR) == {"cpus": "1,2,3,4"}
    assert variant.roles().count("worker") == len(flow["workers"].split(","))


def test_mice_are_to_be_left_alone():
    check("lanes-2", Guest(taken=0), case=RR)
    with pytest.raises(BenchError, match="took 7 packets"):
        check("lanes-2", Guest(taken=7), case=RR)
    # a flow of that rate is no mouse
    check("lanes-2", Guest(taken=7), case=RR, delivered=20000)


@pytest.mark.parametrize("name", ["priority-sync", "priority-batch", "priority-sync-lanes"])
def test_requests_must_have_gone_ahead(name):
    case = CASES["priority-udp-background"]
    check(name, Guest(ahead=900), case=case)
    with pytest.raises(BenchError, match=f"{name}: only 400 packets went ahead, of 1000"):
        check(name, Guest(ahead=400), case=case)
    with pytest.raises(BenchError, match="udp-rr has no requests that could go ahead"):
        VARIANTS[name](6).apply(Guest(), RR)
    assert VARIANTS["priority-sync-lanes"](6).config(case)["cpus"] == "1-3", "not the CPU that answers"


def test_rules_must_be_there_and_about_others():
    check("rules-10", Guest([FLOW], others=9))
    with pytest.raises(BenchError, match="rules-10: falcon has 9 rules, and 0 flows"):
        check("rules-10", Guest([FLOW], others=8))
    with pytest.raises(BenchError, match="rules-10: falcon has 10 rules, and 1 flows were found to be of them"):
        check("rules-10", Guest([FLOW], others=9, found=1))


def test_rules_differ_and_some_have_the_shapes_of_many():
    many = rules.messages(10000)
    assert len(set(many)) == 10000 and many[:10] == rules.messages(10)


@pytest.mark.parametrize("status", [{"state": "standby", "mode": "lanes"}, {"state": "enabled", "mode": "pipeline"}])
def test_mice_beside_no_lanes_say_nothing(status):
    with pytest.raises(BenchError, match=f"is {status['state']} in mode {status['mode']}"):
        check("lanes-2", Guest(taken=0, status=status), case=RR)


def test_table_shows_each_vcpu_and_what_it_did():
    rounds = [{"case": UDP.name, "variant": "lanes-2", "per_cpu_instructions": [5.0 + turn, 2.0, 3.0, 1.0, 0.0, 9.0],
               "roles": ["nic", "worker", "worker", "delivery", "", "application"]} for turn in range(3)]
    rows = [{"case": UDP.name, "variant": "lanes-2", "metric": metric, "unit": unit, "median": 1.0, "min": 1.0,
             "max": 1.0, "sent": 1, "received": 1, "lost": 0, "duplicated": 0, "reordered": 0}
            for metric, unit in UDP.metrics.items()]
    lined = [{**item, "per_cpu_lines": item["per_cpu_instructions"]} for item in rounds[:1]]
    lines = [line.split() for line in report.table(rows, {"rounds": rounds, "lined": lined})]
    # the path's CPUs are all except the application's
    assert ["lanes-2", "3", "2", "NIC", "6", "worker", "2", "worker", "3", "delivery", "1", "0", "app", "9"] in lines
    assert ["lanes-2", "NIC", "5.0", "worker", "2.0", "worker", "3.0", "delivery", "1.0", "0.0", "app", "9.0"] in lines


def rows_of(case, variant, scale):
    return [{"case": case, "variant": variant, "metric": metric, "median": scale * value, "min": 0, "max": 0,
             **dict.fromkeys(result.COUNTS, 0)}
            for value, metric in enumerate(CASES[case].metrics, 1)]


def lines_of(rows):
    rounds = [{"case": row["case"], "variant": row["variant"], "per_cpu_instructions": [1.0] * 6, "roles": ["nic", *5 * [""]]}
              for row in rows]
    return [line.split() for line in report.table(rows, {"rounds": rounds, "lined": []})]


def test_table_shows_what_requests_gain_and_cost():
    loaded, idle = "priority-udp-background", "priority-udp-idle"
    lines = lines_of([*rows_of(loaded, "stock", 1), *rows_of(loaded, "priority-sync", 0.4),
                      *rows_of(idle, "stock", 0.3), *rows_of(idle, "priority-sync", 0.3)])
    assert ["priority-sync", "250%", *4 * ["-60%"]] in lines
    assert ["stock,", "beside", "nothing", "2.1", "2.4", "2.7", "3.0"] in lines
    # requests without other traffic have no packets whose cost would mean anything
    assert ["priority-sync", "-", *4 * ["+0%"]] in lines


def test_table_compares_many_rules_with_few():
    lines = lines_of([*rows_of("udp-rr", "stock", 1), *rows_of("udp-rr", "rules-10", 2), *rows_of("udp-rr", "rules-10000", 2.5)])
    assert ["rules-10", "÷", "rules-10000:", "busiest_instructions_per_transaction", "0.80,",
            "total_instructions_per_transaction", "0.80,", "busiest_cpu_us_per_transaction", "0.80,", "total_cpu_us_per_transaction", "0.80,",
            "median_rtt_us", "0.80,", "rtt_p90_us", "0.80,", "rtt_p99_us", "0.80,", "rtt_p999_us", "0.80"] in lines


def test_vcpus_are_compared_by_what_they_did():
    rounds = [{"case": "a", "variant": "v", "roles": roles, "per_cpu_instructions": values} for roles, values in (
        (["nic", "worker", "delivery", "", "application"], [5, 3, 2, 0.1, 9]),
        (["nic", "", "worker", "delivery", "application"], [6, 0.3, 4, 1, 8]),
        (["nic", "delivery", "", "worker", "application"], [7, 3, 0.2, 5, 7]))]
    other = [{"case": "b", "variant": "v", "roles": rounds[0]["roles"], "per_cpu_instructions": [99] * 5}]
    assert result.median_per_role(rounds + other, "a", "v") == [
        ("nic", 6), ("worker", 4), ("delivery", 2), ("", 0.2), ("application", 8)]
