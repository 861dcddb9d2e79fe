# SPDX-License-Identifier: GPL-2.0
"""Choice of CPUs under load and change: flows that load, thresholds and policies move stay in order."""

import pytest

from net import lanes
from stress.test_lanes import config_set, in_guest
from stress.traffic import SCALE, Traffic, record, trouble

# Thresholds so low that CPUs cross them all the time. Now and then the host counts as busy, so all flows return to the
# kernel's path.
CHANGES = [
    "policy=auto load-threshold=5 busy-threshold=100 workers=0",
    "policy=hash elephant-rate=100",
    "policy=two-choice load-threshold=20",
    "busy-threshold=3",
    "policy=least-loaded load-threshold=1 busy-threshold=100 elephant-rate=0",
    "policy=auto workers=3 load-threshold=10",
    "load-threshold=100 workers=2",
    "policy=two-choice load-threshold=2 elephant-rate=3000",
]


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["lanes", pytest.param("pipeline", marks=pytest.mark.soak)])
def test_policies_and_thresholds_changed_under_load(overlay, falcon, mode, record_property):
    times = 2 * SCALE
    falcon.enable(mode=mode, cpus="1-4", batch=4, elephant_rate=0, park=0)
    # Between two changes there is time for a sample of the load, or for a review of the flows.
    script = in_guest([line for change in CHANGES for line in (config_set(change), "sleep 0.15")], times)
    with Traffic(overlay, flows=8, rate=6000, size=64, idle=5000) as traffic:
        overlay.guest.run(script, timeout=60 + 10 * times)
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, changes=times * len(CHANGES), moves=counters["moves"],
           promotions=counters["promotions"])
    assert counters["taken" if mode == "lanes" else "steered"] > 0.2 * traffic.account["sent"]
    assert not trouble(traffic.account)
