# SPDX-License-Identifier: GPL-2.0
"""A CPU that does not process its packets: other CPUs help, and queues stay bounded."""

import contextlib
import time

import pytest

from net import guestside, lanes, path, udp, wait
from net.calls import Calls
from stress.sabotage import Sabotaged
from stress.traffic import Traffic, clean_log, record, trouble
from vm import module

# One worker, and another CPU that delivers.
LANES = {"mode": "lanes", "cpus": "1-2", "workers": 1, "policy": "hash", "delivery": "own", "park": 0}
RATE = 12000
AWAY = 2500     # ms

# Bounds of a flow's packets in flight.
PACKETS, BYTES = 8192, 32 << 20
# The CPU on which the container takes its packets: none of falcon's CPUs, nor the sinks'.
CONTAINER = 4
IDLE = AWAY + 1000


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["workers", pytest.param("cpu", marks=pytest.mark.soak)])
def test_a_cpu_that_stands_still_holds_up_nobody(overlay, falcon, role, record_property):
    """The CPU is the flow's worker, or delivers for it. Other CPUs process its packets meanwhile, and none is lost."""
    fault = module.fault(overlay.kernel)
    falcon.enable(elephant_rate=RATE // 4 // wait.patience, **LANES)
    with Traffic(overlay, rate=RATE, size=64, idle=IDLE) as traffic, \
         Traffic(overlay, port=udp.DEFAULT_PORT + 1, rate=200, size=64, idle=IDLE) as mouse, \
         clean_log(overlay.guest):
        cpu = lanes.reach(falcon, state="one", reason="none")[role]
        before = falcon.counters()["helped"]
        overlay.guest.run(f"taskset -c {cpu} insmod {fault} kind=pause ms={AWAY}; rmmod fault")
        helped = falcon.counters()["helped"] - before
        lanes.reach(falcon, state="one")
    lanes.assert_conserved(falcon)
    record(record_property, traffic.account, helped=helped, gap_ms=traffic.account["longest_gap_ns"] // 1_000_000,
           mouse_gap_ms=mouse.account["longest_gap_ns"] // 1_000_000)
    # Most of the packets of that time; the machine itself may have stood still for a part of it.
    assert helped > 0.2 * RATE * AWAY / 1000
    assert not trouble(traffic.account) and not trouble(mouse.account)


@pytest.mark.thorough
@pytest.mark.torture
def test_a_cpu_that_stands_still_makes_no_ring_overflow(overlay, falcon, record_property):
    """A veth that receives by NAPI has a ring of 256 packets. Packets that waited for a worker would overflow it."""
    fault, veth = module.fault(overlay.kernel), guestside.veth(0)
    inside = f"ip netns exec c0 ethtool -K {guestside.CONTAINER_DEVICE}"
    falcon.enable(elephant_rate=RATE // 4 // wait.patience, **{**LANES, "cpus": "1-3", "workers": 2, "delivery": "worker"})
    with path.commands(overlay.guest, f"{inside} gro on; ethtool -K {veth} tso off",
                       f"ethtool -K {veth} tso on; {inside} gro off"), \
         Traffic(overlay, rate=RATE, size=64, idle=IDLE) as traffic:
        def pause():
            """Stop each of the flow's workers, for less time than after which a full queue may be worse; the runs held
            so far.
            """
            workers = lanes.reach(falcon, state="several", reason="none")["workers"].split(",")
            overlay.guest.run("\n".join(f"taskset -c {cpu} insmod {fault} kind=pause ms=300; rmmod fault; sleep 0.2"
                                        for cpu in 2 * workers))
            return falcon.counters()["held"]
        # A slow kernel's slow flow holds few runs per pause, and sometimes it has moved on before its worker is
        # stopped.
        wait.until(lambda: pause() > 64, 60, "runs to be held")
        assert lanes.flow(falcon)["merge"] == "transmit"
    lanes.assert_conserved(falcon)
    record(record_property, traffic.account, held=falcon.counters()["held"],
           p50_us=traffic.account["delay"]["p50_ns"] // 1000)
    assert not trouble(traffic.account)


def test_a_ring_that_keeps_up_is_not_asked_what_it_has(overlay, falcon, record_property):
    """To answer, a veth sums up the counters of every possible CPU and every queue."""
    guest, veth, asks = overlay.guest, guestside.veth(0), "veth_get_stats64"
    inside = f"ip netns exec c0 ethtool -K {guestside.CONTAINER_DEVICE}"
    falcon.enable(elephant_rate=500, **LANES)
    with path.commands(guest, f"{inside} gro on; ethtool -K {veth} tso off",
                       f"ethtool -K {veth} tso on; {inside} gro off"), \
         Traffic(overlay, rate=4000, size=64, idle=IDLE) as traffic, Calls(guest, asks) as calls:
        lanes.reach(falcon, merge="transmit")
        before = falcon.counters()["delivered"]
        wait.until(lambda: falcon.counters()["delivered"] > before + 4000, 30, "packets to be delivered")
        asked, delivered = calls.count()[asks], falcon.counters()["delivered"] - before
    record(record_property, traffic.account, asked=asked, delivered=delivered)
    assert not trouble(traffic.account)
    assert asked < delivered / 32


@contextlib.contextmanager
def container_on_a_cpu_of_its_own(overlay):
    """The container takes its packets in a NAPI thread on CONTAINER."""
    inside, eth = "ip netns exec c0", guestside.CONTAINER_DEVICE
    threaded = f"echo %d >/sys/class/net/{eth}/threaded"
    with path.commands(overlay.guest,
                       f"set -e\n{inside} ethtool -K {eth} gro on\nethtool -K {guestside.veth(0)} tso off\n"
                       f"{inside} bash -c '{threaded % 1}'\n"
                       f"for comm in $(grep -ls '^napi/{eth}-' /proc/[0-9]*/comm); do\n"
                       f"\tpid=${{comm%/comm}}\n\ttaskset -cp {CONTAINER} ${{pid##*/}}\n"
                       f"done",
                       f"{inside} bash -c '{threaded % 0}'\nethtool -K {guestside.veth(0)} tso on\n{inside} ethtool -K {eth} gro off"):
        yield


@contextlib.contextmanager
def standing_still(overlay):
    """CONTAINER stands still, almost all the time."""
    ended = "/tmp/stands-no-more"
    pause = f"taskset -c {CONTAINER} insmod {module.fault(overlay.kernel)} kind=pause ms={AWAY}; rmmod fault"
    task = overlay.guest.spawn(f"until [[ -e {ended} ]]; do {pause}; done; rm {ended}")
    try:
        yield
    finally:
        overlay.guest.run(f"touch {ended}")
        task.wait(4 * AWAY / 1000)


def ring_drops(overlay):
    """Packets that found no room in the container's ring so far."""
    return int(overlay.guest.run(f"cat /sys/class/net/{guestside.veth(0)}/statistics/tx_dropped").out)


@pytest.mark.thorough
@pytest.mark.parametrize("size, rate, mtu", [(64, RATE, None), (60_000, 400, 61_000)])
def test_a_flow_that_is_full_loses_its_own_packets_alone(overlay, falcon, size, rate, mtu, record_property):
    """Packets beyond the flow's bound, in packets or in bytes, are dropped. The NIC's CPU goes on with other flows;
    each of its polls looks at most once if a CPU needs help.
    """
    falcon.enable(elephant_rate=rate // 4 // wait.patience, **LANES)
    overlay.net.set_mtu(overlay.guest, mtu)
    seen, polls_and_looks = {}, ("falcon_gate_poll_run", "falcon_lanes_help")
    before = ring_drops(overlay)

    def is_full():
        seen.update(lanes.flow(falcon))
        return (seen["in-flight"] > PACKETS * 7 / 8 or seen.get("in-flight-bytes", 0) > BYTES * 7 / 8 or
                seen["in-flight"] * size > 2 * BYTES) and falcon.counters()["dropped-full"]
    try:
        with Calls(overlay.guest, *polls_and_looks) as counted, \
             container_on_a_cpu_of_its_own(overlay), \
             Traffic(overlay, rate=rate, size=size, idle=IDLE) as traffic, \
             Traffic(overlay, port=udp.DEFAULT_PORT + 1, container=None, rate=200, size=64, idle=IDLE) as other:
            lanes.reach(falcon, state="one", reason="none", merge="transmit")
            # The kernel may have dropped packets earlier, when the container's thread did not run for a moment.
            early = ring_drops(overlay) - before
            with standing_still(overlay):
                wait.until(is_full, 60, "the flow to be full")
            polls, looks = map(counted.count().get, polls_and_looks)
        counters = lanes.assert_conserved(falcon)
    finally:
        overlay.net.set_mtu(overlay.guest)
    record(record_property, traffic.account, full=counters["dropped-full"], packets=seen["in-flight"],
           bytes=seen["in-flight-bytes"], polls=polls, looks=looks, other_gap_ms=other.account["longest_gap_ns"] // 1_000_000)
    assert seen["in-flight"] <= PACKETS
    # The last packet may go beyond the bound.
    assert seen["in-flight"] * size < seen["in-flight-bytes"] < BYTES + 2 * max(size, 4096)
    # Each poll of a gate whose flows wait looks if a CPU needs help.
    assert 0 < looks <= polls
    assert not trouble(other.account)
    assert not trouble({**traffic.account, "lost": traffic.account["lost"] - counters["dropped-full"] - early})


@pytest.mark.soak
@pytest.mark.torture
@pytest.mark.parametrize("role", ["workers", "cpu"])
def test_a_cpu_behind_a_real_time_task_holds_up_nobody(overlay, falcon, role, record_property):
    """The softirqs of that CPU are deferred to ksoftirqd, which does not run as long as the real-time task does."""
    falcon.enable(elephant_rate=0, **LANES)
    with clean_log(overlay.guest), Traffic(overlay, rate=RATE, size=64, idle=IDLE) as traffic:
        cpu = lanes.reach(falcon, state="one", reason="none")[role]
        before = falcon.counters()["helped"]
        task = overlay.guest.spawn(f"exec taskset -c {cpu} chrt -f 50 bash -c 'while :; do :; done'")
        time.sleep(AWAY / 1000)
        task.stop("KILL")
        helped = falcon.counters()["helped"] - before
        lanes.reach(falcon, state="one")
    lanes.assert_conserved(falcon)
    record(record_property, traffic.account, helped=helped, gap_ms=traffic.account["longest_gap_ns"] // 1_000_000)
    assert traffic.account["longest_gap_ns"] < AWAY * 1_000_000
    assert not trouble(traffic.account)


@pytest.mark.soak
@pytest.mark.torture
@pytest.mark.parametrize("fault", ["refused", "never come"])
def test_wake_ups_that_do_not_arrive_hold_up_nobody(overlay, tmp_path, fault, record_property):
    """Every second wake-up of a lane fails: either it is refused, as for a CPU that is gone, or it never arrives."""
    with Sabotaged(overlay.guest, overlay.kernel, tmp_path, fault) as falcon:
        falcon.enable(elephant_rate=0, busy_threshold=100, **{**LANES, "cpus": "1-4", "workers": 2, "batch": 4})
        with clean_log(overlay.guest), \
             Traffic(overlay, flows=2, seconds=None, count=20_000, rate=3000, size=64, idle=IDLE) as traffic:
            traffic.finish(20_000)
        counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, wakes=counters["wakes"], helped=counters["helped"])
    # A lane with a wake-up under way gets no other one, so other CPUs help with all its packets.
    assert counters["wakes" if fault == "refused" else "helped"] > 100
    assert counters["taken"] > 0.5 * traffic.account["sent"]
    assert not trouble(traffic.account)
