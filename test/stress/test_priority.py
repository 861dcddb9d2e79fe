# SPDX-License-Identifier: GPL-2.0
"""Rules that come and go all the time: flows that go ahead and back stay in order."""

import pytest

from net import lanes, rawnl, udp
from net.rawnl import message, rule
from stress.traffic import SCALE, Traffic, record, trouble

TURNS = 100 * SCALE


def add(first, last, **more):
    fields = {"dport-first": first, "dport-last": last, "rate": 0, **more}
    return message("priority-add", b"".join(rule(name, value) for name, value in fields.items()))


@pytest.mark.thorough
def test_rules_changed_under_traffic(overlay, falcon, record_property):
    """Of one flow, of the other, of both; at once and by batches; for elephants and for mice."""
    port = udp.DEFAULT_PORT
    changes = [add(port, port), add(1, 99), add(port + 1, port + 1, mode=1, level=0), message("priority-flush"),
               add(port, port + 1, mode=1), message("priority-flush")]
    falcon.enable(mode="lanes", cpus="1-4", workers=2, elephant_rate=1500, batch=4, busy_threshold=100, rest=0)
    with Traffic(overlay, rate=3000, size=64, idle=5000) as elephant, \
         Traffic(overlay, rate=1000, port=port + 1, size=64, idle=5000) as mouse:
        # A packet of each flow comes between two changes, more or less.
        rawnl.Raw(overlay.guest).turns(TURNS, changes, pause=1)
    counters = lanes.assert_conserved(falcon)
    record(record_property, elephant.account, changes=TURNS * len(changes), climbs=counters["climbs"],
           inline=counters["inline"], mouse=trouble(mouse.account))
    # The mouse is in lanes by rules alone.
    assert counters["climbs"] > TURNS / 10
    assert not trouble(elephant.account) and not trouble(mouse.account)
