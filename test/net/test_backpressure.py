# SPDX-License-Identifier: GPL-2.0
"""A worker that stands still, as a virtual CPU may: what waits, where, and who has to wait for it."""

import pytest

from net import lanes, udp
from stress.traffic import Traffic, clean_log, record, trouble
from vm import module

LANES = {"mode": "lanes", "cpus": "1-2", "workers": 1, "policy": "hash", "rest": 0}
RATE = 12000
MOMENT, LONG = 800, 2500    # ms that a worker is away
IDLE = LONG + 1000


def elephant(overlay, falcon):
    falcon.enable(elephant_rate=RATE // 4, **LANES)
    return Traffic(overlay, rate=RATE, size=64, idle=IDLE)


def pause(overlay, falcon, ms):
    """The CPU that the flow is processed on stands still for so long."""
    fault = module.fault(overlay.kernel)
    worker = lanes.reach(falcon, rung="one", limit="none")["workers"]
    with clean_log(overlay.guest):
        overlay.guest.run(f"taskset -c {worker} insmod {fault} kind=pause ms={ms}; rmmod fault")
    lanes.reach(falcon, rung="one")


@pytest.mark.thorough
def test_a_worker_away_for_a_moment_loses_nothing(overlay, falcon, record_property):
    with elephant(overlay, falcon) as traffic:
        pause(overlay, falcon, MOMENT)
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, full=counters["dropped-full"],
           gap_ms=traffic.account["longest_gap_ns"] // 1_000_000)
    assert traffic.account["longest_gap_ns"] > MOMENT * 900_000
    assert counters["dropped-full"] == 0
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_others_do_not_wait_for_a_worker_that_stays_away(overlay, falcon, record_property):
    with elephant(overlay, falcon) as traffic, \
         Traffic(overlay, port=udp.DEFAULT_PORT + 1, rate=200, size=64, idle=IDLE) as mouse:
        pause(overlay, falcon, LONG)
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, full=counters["dropped-full"],
           mouse_gap_ms=mouse.account["longest_gap_ns"] // 1_000_000)
    assert traffic.account["longest_gap_ns"] > LONG * 900_000
    assert mouse.account["longest_gap_ns"] < LONG * 800_000
    assert not trouble(mouse.account)
    # All of the flow's that is missing was dropped in a queue that was full, and the rest is in order.
    lost = traffic.account["lost"] - counters["dropped-full"]
    assert lost <= sum(traffic.account["dropped"].values())
    assert not trouble({**traffic.account, "lost": 0})
