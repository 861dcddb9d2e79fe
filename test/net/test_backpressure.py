# SPDX-License-Identifier: GPL-2.0
"""A CPU that does not come, while packets wait for it: who else sees to them."""

import time

import pytest

from net import guestside, lanes, path, udp, wait
from stress.sabotage import Sabotaged
from stress.traffic import Traffic, clean_log, record, trouble
from vm import module

# One worker, and another CPU that delivers.
LANES = {"mode": "lanes", "cpus": "1-2", "workers": 1, "policy": "hash", "delivery": "own", "rest": 0}
RATE = 12000
AWAY = 2500     # ms
IDLE = AWAY + 1000


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["workers", pytest.param("cpu", marks=pytest.mark.soak)])
def test_a_cpu_that_stands_still_holds_up_nobody(overlay, falcon, role, record_property):
    """Neither the worker of a flow nor the CPU that delivers for it: nothing waits until it is back, or is lost."""
    fault = module.fault(overlay.kernel)
    falcon.enable(elephant_rate=RATE // 4 // wait.patience, **LANES)
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


@pytest.mark.thorough
@pytest.mark.torture
def test_a_cpu_that_stands_still_makes_no_ring_overflow(overlay, falcon, record_property):
    """A veth that receives by NAPI has one of 256 packets: what waited for a worker would be too much at once."""
    fault, veth = module.fault(overlay.kernel), guestside.veth(0)
    inside = f"ip netns exec c0 ethtool -K {guestside.CONTAINER_DEVICE}"
    falcon.enable(elephant_rate=RATE // 4 // wait.patience, **{**LANES, "cpus": "1-3", "workers": 2, "delivery": "worker"})
    with path.commands(overlay.guest, f"{inside} gro on; ethtool -K {veth} tso off",
                       f"ethtool -K {veth} tso on; {inside} gro off"), \
         Traffic(overlay, rate=RATE, size=64, idle=IDLE) as traffic:
        def pause():
            """Each of the flow's workers, for less than after which a full queue may be worse; runs held so far."""
            workers = lanes.reach(falcon, rung="several", limit="none")["workers"].split(",")
            overlay.guest.run("\n".join(f"taskset -c {cpu} insmod {fault} kind=pause ms=300; rmmod fault; sleep 0.2"
                                        for cpu in 2 * workers))
            return falcon.counters()["held"]
        # Of a slow kernel's slow flow each holds few, and at times it has moved on before it is their turn.
        wait.until(lambda: pause() > 64, 60, "runs to be held")
        assert lanes.flow(falcon)["merge"] == "transmit"
    lanes.assert_conserved(falcon)
    record(record_property, traffic.account, held=falcon.counters()["held"],
           p50_us=traffic.account["delay"]["p50_ns"] // 1000)
    assert not trouble(traffic.account)


@pytest.mark.soak
@pytest.mark.torture
@pytest.mark.parametrize("role", ["workers", "cpu"])
def test_a_cpu_behind_a_real_time_task_holds_up_nobody(overlay, falcon, role, record_property):
    """Softirqs that have been put off to their thread there do not run, for as long as the task does."""
    falcon.enable(elephant_rate=0, **LANES)
    with clean_log(overlay.guest), Traffic(overlay, rate=RATE, size=64, idle=IDLE) as traffic:
        cpu = lanes.reach(falcon, rung="one", limit="none")[role]
        before = falcon.counters()["helped"]
        task = overlay.guest.spawn(f"exec taskset -c {cpu} chrt -f 50 bash -c 'while :; do :; done'")
        time.sleep(AWAY / 1000)
        task.stop("KILL")
        helped = falcon.counters()["helped"] - before
        lanes.reach(falcon, rung="one")
    lanes.assert_conserved(falcon)
    record(record_property, traffic.account, helped=helped, gap_ms=traffic.account["longest_gap_ns"] // 1_000_000)
    assert traffic.account["longest_gap_ns"] < AWAY * 1_000_000
    assert not trouble(traffic.account)


@pytest.mark.soak
@pytest.mark.torture
@pytest.mark.parametrize("fault", ["refused", "never come"])
def test_wake_ups_that_do_not_arrive_hold_up_nobody(overlay, tmp_path, fault, record_property):
    """Every second one to a lane: as for a CPU that is gone, and as if it were on its way for ever."""
    with Sabotaged(overlay.guest, overlay.kernel, tmp_path, fault) as falcon:
        falcon.enable(elephant_rate=0, busy_threshold=100, **{**LANES, "cpus": "1-4", "workers": 2, "batch": 4})
        with clean_log(overlay.guest), \
             Traffic(overlay, flows=2, seconds=None, count=20_000, rate=3000, size=64, idle=IDLE) as traffic:
            traffic.finish(20_000)
        counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, wakes=counters["wakes"], helped=counters["helped"])
    # Who waits for ever for the one is not woken again, and helped with all that comes.
    assert counters["wakes" if fault == "refused" else "helped"] > 100
    assert counters["taken"] > 0.5 * traffic.account["sent"]
    assert not trouble(traffic.account)
