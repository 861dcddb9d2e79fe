# SPDX-License-Identifier: GPL-2.0
"""Changes at the NIC below a flow in lanes: its interrupt moves, or the NIC is removed."""

import pytest

from net import guestside, lanes, path
from net.capture import nic
from net.wait import until
from stress.traffic import Traffic, clean_log, trouble

pytestmark = pytest.mark.thorough

NEVER = 4_000_000_000       # packets per second: no flow has so many
IDLE = 5000                 # ms; a guest may stand still for longer than a second
MOVES = (4, 0, 4)           # none of falcon's CPUs


def taken_by(falcon, cpu):
    """Packets that the ingress of a CPU has taken."""
    return sum(row["counters"]["taken"] for row in falcon.ctl("stats show --all")["cpus"]
               if (row["stage"], row["cpu"]) == ("nic", cpu))


def nics(falcon):
    """Names of the NICs that falcon knows."""
    return [device["ifname"] for device in falcon.ctl("device list")["devices"] if device["stage"] == "nic"]


@pytest.mark.torture
def test_a_flow_in_lanes_follows_its_nics_interrupt_to_another_cpu_in_order(overlay, falcon):
    guest = overlay.guest

    def move(cpu):
        guest.run(f"set -e\n{guestside.FIND_NIC}\n{guestside.interrupts(cpu)}")

    falcon.enable(**path.COMMON, **path.LANES)
    try:
        with clean_log(guest), Traffic(overlay, rate=3000, burst=20, idle=IDLE) as traffic:
            for cpu in MOVES:
                lanes.reach(falcon, state="several", merge="backlog")
                before = taken_by(falcon, cpu)
                move(cpu)
                until(lambda cpu=cpu, before=before: taken_by(falcon, cpu) > before + 500, 20, f"packets taken by CPU {cpu}")
            # The new home CPU releases the flow.
            falcon.configure(elephant_rate=NEVER)
            lanes.reach(falcon, state="kernel", reason="rate")
    finally:
        if guest.alive:
            move(0)
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


@pytest.mark.torture
def test_a_nic_removed_under_load_leaves_nothing_behind_and_has_flows_in_lanes_when_it_returns(overlay, falcon):
    guest, net = overlay.guest, overlay.net
    falcon.enable(**path.COMMON, **path.LANES)
    with clean_log(guest):
        sender = net.send(rate=3000, burst=20, size=200, seconds=3600)
        try:
            lanes.reach(falcon, state="several", merge="backlog")
            with net.without_nic(guest):
                assert not nics(falcon)
                # Packets that were in flight are lost, too.
                lanes.assert_conserved(falcon)
            assert nics(falcon) == [nic(guest)]
            lanes.reach(falcon, state="several", merge="backlog")
        finally:
            sender.stop()
        with Traffic(overlay, idle=IDLE) as traffic:
            lanes.reach(falcon, state="several", merge="backlog")
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)
