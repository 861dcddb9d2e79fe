# SPDX-License-Identifier: GPL-2.0
"""The invariants under load and change: every packet arrives, once and in order."""

import itertools

import pytest

from net import guestside, wait
from net.falcon import CTL, LOAD
from stress.test_lanes import in_guest
from stress.traffic import SCALE, Traffic, in_parts, record, trouble


@pytest.mark.soak
def test_packets_in_the_order_sent(overlay, falcon, record_property):
    falcon.enable()
    account = overlay.udp(count=50_000 * SCALE, size=64, rate=8000, timeout=1200)
    record(record_property, account)
    assert account["sent"] == 50_000 * SCALE
    assert not trouble(account)
    assert falcon.counters("container")["steered"] >= 50_000 * SCALE


@pytest.mark.soak
def test_flows_moved_between_cpu_sets_stay_in_order(overlay, falcon, record_property):
    falcon.enable()
    sets = itertools.cycle(("1-2", "3-4", "0-4", "2-4", "1", "0,3", "1-3"))
    with Traffic(overlay, flows=4) as traffic:
        while falcon.counters()["moves"] < 50 * SCALE:
            overlay.guest.run("\n".join(
                f"/falcon/build/tools/falconctl config set cpus={next(sets)} nic-split={n % 2}"
                for n in range(20)))
    record(record_property, traffic.account, moves=falcon.counters()["moves"])
    assert not trouble(traffic.account)
    assert traffic.account["sent"] > 1000


@pytest.mark.soak
@in_parts("cycles", 5)
def test_enabled_and_disabled_again_and_again_under_traffic(overlay, falcon, cycles, record_property):
    with Traffic(overlay, flows=2) as traffic:
        for _ in range(cycles):
            falcon.enable()
            falcon.disable()
        assert not falcon.attached()
    record(record_property, traffic.account, cycles=cycles)
    assert not trouble(traffic.account)


@pytest.mark.soak
@in_parts("cycles", 2)
def test_loaded_and_unloaded_again_and_again_under_traffic(overlay, falcon, cycles, record_property):
    falcon.unload()
    # Unloaded while it is enabled.
    script = in_guest([f"{LOAD} && {CTL} enable >/dev/null && rmmod falcon || exit",
                       'left=$(cat /sys/kernel/tracing/enabled_functions); [[ -z $left ]] || { echo "$left" >&2; exit 1; }'],
                      cycles)
    # A low rate, so there is time for many cycles. test_lanes.py has a test of its own under full traffic.
    with Traffic(overlay, flows=2, rate=1000) as traffic:
        overlay.guest.run(script, timeout=60 * cycles)
    record(record_property, traffic.account, cycles=cycles)
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_a_tunnel_that_merges_udp_and_then_does_not_keeps_the_order(overlay, falcon, record_property):
    """This setting decides which packets bypass the GRO cell and if the NIC's stage is split. Each change must take
    effect in order, also the first.
    """
    falcon.enable(park=0)
    # Change it between two polls of the CPU that has the GRO cell. If GRO is told during a poll to stop merging, the
    # kernel itself lets later packets overtake those that GRO holds (2 of 446,108 packets in 800 changes).
    script = in_guest([f"taskset -c 0 ethtool -K {guestside.TUNNEL} rx-udp-gro-forwarding {state} || exit\nsleep 0.3"
                       for state in ("on", "off")], 5 * SCALE)
    with Traffic(overlay, flows=4, rate=6000) as traffic:
        for _ in range(2):
            before = falcon.counters()["gro-bypass"]
            wait.until(lambda: falcon.counters()["gro-bypass"] > before + 1000, 30, "packets past the cells")
            overlay.guest.run(script, timeout=60 + 10 * SCALE)
            past = falcon.counters()["gro-bypass"]
            falcon.disable()
            assert falcon.counters()["gro-bypass"] == past
            falcon.enable()
    record(record_property, traffic.account, changes=20 * SCALE, past=past)
    assert not trouble(traffic.account)


@pytest.mark.soak
def test_a_cpu_goes_and_comes_back_under_traffic(overlay, falcon, record_property):
    falcon.enable(cpus="1-3")
    cpu = "/sys/devices/system/cpu/cpu{}/online"
    with Traffic(overlay) as traffic:
        for n in range(2 * SCALE):
            path = cpu.format(1 + n % 3)
            overlay.guest.run(f"echo 0 >{path}; echo 1 >{path}", timeout=120)
    record(record_property, traffic.account, cycles=2 * SCALE)
    assert not trouble(traffic.account)
    assert falcon.ctl("status")["cpus"] == "1-3"


@pytest.mark.soak
def test_everything_at_once(overlay, falcon, record_property):
    """Sets, thresholds and splitting change while TCP and UDP flow and a CPU goes offline and online."""
    falcon.enable()
    guest = overlay.guest
    churn = guest.spawn("ctl=/falcon/build/tools/falconctl; while :; do\n"
                        "for set in 1-2 3-4 0-4 '' 2; do\n"
                        "\t$ctl config set cpus=$set busy-threshold=$((RANDOM % 100 + 1)) nic-split=$((RANDOM % 2))\n"
                        "\t$ctl flow list >/dev/null; $ctl stats show >/dev/null\n"
                        "done\ndone")
    hotplug = guest.spawn("while :; do echo 0 >/sys/devices/system/cpu/cpu4/online;"
                          " echo 1 >/sys/devices/system/cpu/cpu4/online; done")
    try:
        with Traffic(overlay, flows=8, rate=2000) as traffic:
            tcp = overlay.net.iperf(guest, 2 * SCALE, cpu=5, bitrate=20e6)
    finally:
        churn.stop()
        hotplug.stop()
        guest.run("echo 1 >/sys/devices/system/cpu/cpu4/online")
    record(record_property, traffic.account)
    assert not trouble(traffic.account)
    assert tcp["received"] > 1_000_000
    assert tcp["ofo_queue"] == 0
