# SPDX-License-Identifier: GPL-2.0
"""Rules that are added and removed all the time: flows stay in order when they go ahead and return."""

import time

import pytest

from net import lanes, rawnl, udp
from net.rawnl import message, rule
from stress.traffic import SCALE, Traffic, clean_log, record, trouble

TURNS = 100 * SCALE
CHANGES = 25000 * SCALE     # as fast as possible
RULES = 10000


def add(first, last, **more):
    fields = {"dport-first": first, "dport-last": last, "rate": 0, **more}
    return message("priority-add", b"".join(rule(name, value) for name, value in fields.items()))


def changes_of(port):
    """Changes of a rule for one flow, for the other, for both; modes sync and batch."""
    return [add(port, port), add(1, 99), add(port + 1, port + 1, mode=1, level=0), message("priority-flush"),
            add(port, port + 1, mode=1), message("priority-flush")]


@pytest.mark.thorough
def test_rules_changed_under_traffic(overlay, falcon, record_property):
    """For elephants and for small flows."""
    port = udp.DEFAULT_PORT
    changes = changes_of(port)
    falcon.enable(mode="lanes", cpus="1-4", workers=2, elephant_rate=1500, batch=4, busy_threshold=100, park=0)
    with Traffic(overlay, rate=3000, size=64, idle=5000) as elephant, \
         Traffic(overlay, rate=1000, port=port + 1, size=64, idle=5000) as mouse:
        # About one packet of each flow arrives between two changes.
        rawnl.Raw(overlay.guest).turns(TURNS, changes, pause=1)
    counters = lanes.assert_conserved(falcon)
    record(record_property, elephant.account, changes=TURNS * len(changes), promotions=counters["promotions"],
           backpressured=counters["backpressured"], mouse=trouble(mouse.account))
    # The small flow is in lanes by rules alone.
    assert counters["promotions"] > TURNS / 10
    assert not trouble(elephant.account) and not trouble(mouse.account)


@pytest.mark.soak
def test_rules_changed_faster_than_packets_come(overlay, falcon, record_property):
    """A million changes in a soak."""
    port = udp.DEFAULT_PORT
    changes = 5 * changes_of(port)
    turns = CHANGES // len(changes)
    falcon.enable(mode="lanes", cpus="1-4", workers=2, elephant_rate=1500, batch=4, busy_threshold=100, park=0)
    with clean_log(overlay.guest), Traffic(overlay, rate=3000, size=64, idle=5000) as elephant, \
         Traffic(overlay, rate=1000, port=port + 1, size=64, idle=5000) as mouse:
        begun = time.monotonic()
        rawnl.Raw(overlay.guest).together(changes, turns, timeout=1800)
        took = time.monotonic() - begun
    lanes.assert_conserved(falcon)
    record(record_property, elephant.account, changes=turns * len(changes), per_second=round(turns * len(changes) / took),
           mouse=trouble(mouse.account))
    assert falcon.ctl("priority list")["rules"] == []
    assert not trouble(elephant.account) and not trouble(mouse.account)


@pytest.mark.thorough
def test_ten_thousand_rules_are_all_there(overlay, falcon, record_property):
    raw, first = rawnl.Raw(overlay.guest), udp.DEFAULT_PORT - 1000
    falcon.enable(mode="lanes", cpus="1-4", elephant_rate=100000, busy_threshold=100, load_threshold=100)
    begun = time.monotonic()
    raw.together([add(port, port) for port in range(first, first + RULES)])
    record_property("seconds", round(time.monotonic() - begun, 1))
    rules = falcon.ctl("priority list")["rules"]
    assert [entry["dport"] for entry in rules] == [str(port) for port in range(first, first + RULES)]
    numbers = {entry["dport"]: entry["id"] for entry in rules}
    assert list(numbers.values()) == sorted(set(numbers.values()))
    with Traffic(overlay, rate=1000, idle=5000) as traffic, \
         Traffic(overlay, rate=1000, port=first, idle=5000) as lowest:
        for port in (udp.DEFAULT_PORT, first):
            lanes.reach(falcon, port=port, state="inline", rule=numbers[str(port)])
    assert not trouble(traffic.account) and not trouble(lowest.account)
    # Each new rule conflicts with an old one; the refusal names the old rule's number.
    for port in (first, first + RULES - 1):
        answer, = raw.ask([add(port, port)])
        assert (answer.error, answer.message) == ("EEXIST", f"rule {numbers[str(port)]} is about some of these flows, too")
    answer, = raw.ask([add(1, 65535)])
    assert answer.error == "EEXIST"
    falcon.ctl("priority flush")
    assert falcon.ctl("priority list")["rules"] == []
