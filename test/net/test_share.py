# SPDX-License-Identifier: GPL-2.0
"""Containers share falcon's tables: the flows of one leave room for those of another."""

import pytest

from net import lanes, udp, wait
from stress.traffic import Traffic, trouble

PLACES, RULED = 1024, 512   # flows in lanes, and the most that a rule alone may bring there


@pytest.mark.soak
def test_flows_of_a_rule_leave_places_to_those_of_a_rate(overlay, falcon, record_property):
    """As many flows as there are places, each with a few packets a second."""
    port = udp.DEFAULT_PORT
    falcon.enable(mode="lanes", cpus="1-4", elephant_rate=1000, busy_threshold=100, park=0)
    falcon.ctl("priority add", f"dport={port + 1}-{port + PLACES}", "mode=batch", "rate=0")
    with Traffic(overlay, port=port + 1, flows=PLACES, rate=3000, burst=1, size=64, idle=5000) as many:
        wait.until(lambda: falcon.ctl("status")["ahead"] >= RULED, 60, "flows of the rule")
        with Traffic(overlay, port=port, rate=2500, size=64, idle=5000) as elephant:
            lanes.reach(falcon, port=port, state="one")
            status = lanes.reach_status(falcon, not_promoted_reason="table")
    record_property("status", {key: status[key] for key in ("flows", "ahead", "in-lanes", "not-promoted", "not-promoted-reason")})
    assert status["ahead"] == RULED
    assert status["not-promoted"] > 0
    lanes.assert_conserved(falcon)
    assert not trouble(elephant.account) and not trouble(many.account)
