# SPDX-License-Identifier: GPL-2.0
"""A CPU that stands still, as a virtual one may, while packets wait for it: who else sees to them."""

import pytest

from net import lanes, udp
from stress.traffic import Traffic, clean_log, record, trouble
from vm import module

LANES = {"mode": "lanes", "cpus": "1-2", "workers": 1, "policy": "hash", "delivery": "own", "rest": 0}
RATE = 12000
AWAY = 2500     # ms
IDLE = AWAY + 1000


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["workers", "cpu"])
def test_a_cpu_that_stands_still_holds_up_nobody(overlay, falcon, role, record_property):
    """Neither the worker of a flow nor the CPU that delivers for it: nothing waits until it is back, or is lost."""
    fault = module.fault(overlay.kernel)
    falcon.enable(elephant_rate=RATE // 4, **LANES)
    with Traffic(overlay, rate=RATE, size=64, idle=IDLE) as traffic, \
         Traffic(overlay, port=udp.DEFAULT_PORT + 1, rate=200, size=64, idle=IDLE) as mouse, \
         clean_log(overlay.guest):
        cpu = lanes.reach(falcon, rung="one", limit="none")[role]
        before = falcon.counters()["helped"]
        overlay.guest.run(f"taskset -c {cpu} insmod {fault} kind=pause ms={AWAY}; rmmod fault")
        helped = falcon.counters()["helped"] - before
        lanes.reach(falcon, rung="one")
    lanes.assert_conserved(falcon)
    record(record_property, traffic.account, helped=helped, gap_ms=traffic.account["longest_gap_ns"] // 1_000_000,
           mouse_gap_ms=mouse.account["longest_gap_ns"] // 1_000_000)
    # Of what came in that time most, less what the machine itself was away.
    assert helped > 0.2 * RATE * AWAY / 1000
    assert not trouble(traffic.account) and not trouble(mouse.account)
