# SPDX-License-Identifier: GPL-2.0
"""Rules: the flows that go ahead. They stay in order whenever a rule is added or removed, and a rule has a bound."""

import json
import time

import pytest

from net import lanes, udp
from net.falcon import CTL
from net.plan import VNI
from net.wait import until
from stress.traffic import Traffic, trouble

LANES = {"mode": "lanes", "cpus": "1-4", "elephant_rate": 100000, "busy_threshold": 100, "load_threshold": 100}
IDLE = 3000
PORT = udp.DEFAULT_PORT
CHANGES = 12


def add(falcon, *words):
    return falcon.ctl("priority add", *words)["id"]


def rule(falcon, number):
    return next(item for item in falcon.ctl("priority list")["rules"] if item["id"] == number)


def go_on(falcon, number, packets):
    """Wait until the rule has counted so many more packets."""
    end = rule(falcon, number)["packets"] + packets
    until(lambda: rule(falcon, number)["packets"] >= end, 60, f"{packets} packets by rule {number}")


@pytest.mark.torture
@pytest.mark.parametrize("mode", ["sync", "batch"])
def test_flows_of_a_rule_go_ahead_and_others_do_not(overlay, falcon, mode):
    falcon.enable(**LANES)
    # A guest that stood still receives a burst of all packets since.
    number = add(falcon, "protocol=udp", f"dport={PORT}", f"mode={mode}", "rate=0")
    with Traffic(overlay, rate=1000, idle=IDLE) as traffic, \
         Traffic(overlay, rate=1000, port=PORT + 1, idle=IDLE) as other:
        lanes.reach(falcon, state="inline", rule=number)
        go_on(falcon, number, 1000)
        assert "; 1 ahead by a rule; 1 mouse on the kernel's path" in falcon.ctl("status")["summary"]
        beside = lanes.flow(falcon, PORT + 1)
        assert beside["state"] == "kernel" and "rule" not in beside
    counters = lanes.assert_conserved(falcon)
    assert not trouble(traffic.account) and not trouble(other.account)
    listed = rule(falcon, number)
    assert listed["packets"] == counters["taken"] > 1000
    assert counters["wakes"] < 20, "no other CPU has a part in it, but who looks at flows now and then"
    assert listed["flows"] >= 1 and listed["suspensions"] == 0


@pytest.mark.thorough
def test_the_first_packet_of_a_flow_goes_ahead_too(overlay, falcon):
    """A request often is a flow of one packet."""
    falcon.enable(**LANES)
    number = add(falcon, "protocol=udp")
    # No new flow goes ahead in the first second: packets from before could still be queued, and would be overtaken.
    time.sleep(1.5)
    account = overlay.udp(count=300, flows=300, rate=300, burst=1, size=64)
    assert not trouble(account)
    assert rule(falcon, number)["flows"] == 300
    assert rule(falcon, number)["packets"] == lanes.assert_conserved(falcon)["taken"] == account["sent"]


@pytest.mark.thorough
def test_a_rule_that_comes_and_goes_leaves_a_running_flow_in_order(overlay, falcon):
    falcon.enable(**{**LANES, "elephant_rate": 500, "workers": 2})
    with Traffic(overlay, rate=3000, size=64, idle=IDLE) as traffic:
        lanes.reach(falcon, state="several")
        for turn in range(CHANGES):
            number = add(falcon, f"dport={PORT}", f"mode={('sync', 'batch')[turn % 2]}", "rate=0")
            lanes.reach(falcon, rule=number)
            go_on(falcon, number, 300)
            falcon.ctl("priority del", str(number))
            until(lambda: "rule" not in lanes.flow(falcon), 20, "the flow to have no rule")
        falcon.configure(elephant_rate=100000)
        number = add(falcon, f"dport={PORT}", "rate=0")
        seen = lanes.reach(falcon, state="inline", rule=number)
        assert (seen["workers"], seen["merge"]) == ("0", "backlog")
        falcon.ctl("priority flush")
        lanes.reach(falcon, state="kernel")
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


@pytest.mark.soak
def test_a_rule_above_its_rate_has_no_effect_for_a_second(overlay, falcon):
    falcon.enable(**LANES)
    number = add(falcon, f"dport={PORT}", "rate=200")
    monitor = falcon.guest.spawn(f"exec {CTL} --json monitor --count 1")
    try:
        with Traffic(overlay, rate=2000, idle=IDLE) as traffic:
            until(lambda: rule(falcon, number)["suspensions"] >= 3, 30, "the rule to be suspended, and again")
        event = json.loads(monitor.wait(20).out)
    finally:
        monitor.stop()
    assert event["event"] == "rule-suspended"
    assert event["reason"].startswith(f"rule {number}: more than 200 packets per second")
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)
    until(lambda: not rule(falcon, number)["suspended"], 20, "it to be free again")
    # At most the packets of the windows in which the rule was not suspended.
    assert rule(falcon, number)["packets"] < traffic.account["sent"] / 2


def automatic(falcon):
    """The rule that priority-auto adds."""
    return next(item for item in falcon.ctl("priority list")["rules"] if item.get("automatic"))


@pytest.mark.thorough
def test_requests_go_ahead_without_a_rule_and_bulk_does_not(overlay, falcon):
    falcon.enable(**LANES, priority_auto="on")
    number = automatic(falcon)["id"]
    server = overlay.net.rr_server(overlay.guest, cpu=5)
    client = overlay.net.rr_client(seconds=120, interval=2000, timeout=20000)
    try:
        with Traffic(overlay, rate=2000, burst=40, port=PORT + 1, idle=IDLE) as bulk:
            lanes.reach(falcon, state="inline", rule=number)
            go_on(falcon, number, 300)
            beside = lanes.flow(falcon, PORT + 1)
            assert beside["state"] == "kernel" and "rule" not in beside
            # A rule that the administrator adds comes before it.
            own = add(falcon, f"dport={PORT}", "level=5")
            lanes.reach(falcon, state="inline", rule=own)
            falcon.ctl("priority flush")
            lanes.reach(falcon, state="inline", rule=number)
            falcon.configure(priority_auto="off")
            lanes.reach(falcon, state="kernel")
    finally:
        account = client.stop()
        server.stop()
    assert falcon.ctl("priority list")["rules"] == []
    lanes.assert_conserved(falcon)
    assert not trouble(bulk.account) and not account["timeouts"]


@pytest.mark.soak
def test_requests_that_become_bulk_lose_priority_in_order(overlay, falcon):
    falcon.enable(**LANES, priority_auto="on")
    number = automatic(falcon)["id"]
    single = 20000
    with Traffic(overlay, rate=400, burst=40, single=single, size=64, idle=IDLE) as traffic:
        lanes.reach(falcon, state="inline", rule=number)
        until(lambda: "rule" not in lanes.flow(falcon), single / 1000 + 10, "the flow to be bulk")
        lanes.reach(falcon, state="kernel")
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


@pytest.mark.soak
def test_the_automatic_rule_cannot_be_deleted(falcon):
    falcon.enable(**LANES, priority_auto="on")
    seen = automatic(falcon)
    assert (seen["level"], seen["mode"], seen["rate"]) == (0, "sync", 10000)
    said = falcon.guest.run(f"{CTL} priority del {seen['id']}", check=False)
    assert said.rc == 1 and "the rule is there while priority-auto is on" in said.err
    falcon.ctl("priority flush")
    assert automatic(falcon)["id"] == seen["id"]
    # It does not conflict with any other rule.
    other = add(falcon, "level=1", f"dport={PORT + 9}")
    falcon.configure(priority_auto="off")
    assert [item["id"] for item in falcon.ctl("priority list")["rules"]] == [other] != [seen["id"]]


@pytest.mark.thorough
def test_what_a_rule_says_of_a_flow(overlay, falcon):
    """For every field of a rule: the flow matches a rule with its value, and does not match one that differs in that
    field.
    """
    falcon.enable(**LANES)
    with Traffic(overlay, rate=500, idle=IDLE):
        seen = lanes.reach(falcon, state="kernel")
        net = seen["daddr"].rpartition(".")[0]
        fields = {
            "protocol": ("udp", "tcp"), "src": (seen["saddr"], "192.0.2.1"), "dst": (f"{net}.0/24", "198.18.0.0/15"),
            "sport": (f"{seen['sport']}", f"{seen['sport'] + 1}-65535"), "dport": (f"1-{PORT}", f"{PORT + 1}-65535"),
            "dscp": ("0", "46"), "outer-dscp": ("0", "46"), "vni": (str(VNI), str(VNI + 1)),
        }
        for key, (right, wrong) in fields.items():
            number = add(falcon, f"{key}={right}")
            lanes.reach(falcon, state="inline", rule=number)
            falcon.ctl("priority del", str(number))
            number = add(falcon, f"{key}={wrong}")
            lanes.reach(falcon, state="kernel")
            falcon.ctl("priority del", str(number))


@pytest.mark.thorough
def test_rules_that_make_no_sense_are_refused_by_name(falcon):
    first = add(falcon, "src=10.0.0.0/8", "dport=80")
    for words, message in {
            "src=10.1.0.0/16": f"rule {first} is about some of these flows, too",
            "dport=79-80 protocol=tcp": f"rule {first} is about",
            "src=10.0.0.1/8 dport=81": "src: the address has bits behind its prefix",
            "protocol=icmp dport=81": "dport: this protocol has no ports",
            "src=10.0.0.0/8 dst=fd00::/8": "different families",
            "device=lo dport=81": "device: the device leads to no container: veth, netkit, macvlan and ipvlan do",
            "dport=99-98": "dport: the range 99-98 is empty",
            "src=10.0.0.0/33": "33 is out of range",
            "vni=16777216 dport=81": "vni: a VNI has 24 bits",
    }.items():
        error = falcon.ctl("priority add", words, check=False)
        assert error is None
        said = falcon.guest.run(f"{CTL} priority add {words}", check=False)
        assert said.rc and message in said.err, f"{words}: {said.err}"
    assert [item["id"] for item in falcon.ctl("priority list")["rules"]] == [first]
    said = falcon.guest.run(f"{CTL} priority del {first + 1}", check=False)
    assert said.rc and "there is no rule of this number" in said.err
    falcon.ctl("priority flush")
    assert falcon.ctl("priority list")["rules"] == []
