# SPDX-License-Identifier: GPL-2.0
"""Mode lanes under load and change: every packet arrives, once and in order."""

import time

import pytest

from net import lanes, rawnl
from net.falcon import CTL
from stress.sabotage import Sabotaged
from stress.traffic import SCALE, Traffic, clean_log, in_parts, record, trouble

CPUS = "1-4"
# Every flow is promoted at once and moves to its next worker after a few packets.
LANES = {"mode": "lanes", "cpus": CPUS, "workers": 3, "batch": 4, "elephant_rate": 0}
NEVER = 4_000_000_000       # packets per second: no flow has so many
STEPS = 1_000_000 if SCALE > 1 else 2000        # promotions and demotions
TURNS = 5000 if SCALE > 1 else 300
PAUSE = 3                   # ms after each request, in which every flow reaches the end of a run
IDLE = 5000                 # ms; a guest may stand still for longer than a second
# So fast that the next worker gets a run before a worker has finished the one before.
BURSTS = {"size": 64, "rate": 12000, "burst": 8}
# A shorter datagram ends GRO's merging.
TRAINS = {"size": ",".join(["200"] * 15 + ["32-200"]), "rate": 50_000, "burst": 64, "flows": 4}


def steps(counters):
    return counters["promotions"] + counters["demotions"]


def in_guest(lines, times):
    """A script that runs `lines` so many times in one visit to the guest. {n} is the number of earlier repetitions."""
    return f"for ((n = 0; n < {times}; n++)); do\n" + "\n".join(lines) + "\ndone"


def config_set(words):
    return f"{CTL} config set {words} >/dev/null || exit"


def test_packets_of_one_flow_on_three_workers_in_the_order_sent(overlay, falcon, record_property):
    count = 100_000 * SCALE
    falcon.enable(**LANES)
    with Traffic(overlay, seconds=None, count=count, idle=IDLE, **BURSTS) as traffic:
        traffic.finish(count)
    account = traffic.account
    counters = lanes.assert_conserved(falcon)
    record(record_property, account, held=counters["held"], runs=counters["runs"], full=counters["dropped-full"])
    assert account["sent"] == count
    assert not trouble(account)
    # Some runs had to wait for another worker's.
    assert counters["held"] > 0
    # Every packet that was taken reached a merge point, too, because GRO does not merge UDP.
    assert counters["merged"] > 0.99 * counters["taken"] > 0.5 * count


def in_lanes_and_out(falcon):
    falcon.enable(busy_threshold=100, load_threshold=100, **LANES)
    lanes.reach(falcon, state="several")
    falcon.disable()


@pytest.mark.thorough
def test_packets_that_were_collected_last_go_when_falcon_is_disabled(overlay, kernel, tmp_path, record_property):
    """They are dropped and counted, no more are lost, and the log says nothing else. Afterwards falcon can be enabled
    again, and the flow has several workers again.
    """
    with Sabotaged(overlay.guest, kernel, tmp_path, "not handed over") as falcon, \
         clean_log(overlay.guest, "packets that were still in lanes are dropped"), \
         Traffic(overlay, idle=IDLE, rate=2000, size=64) as traffic:
        for _ in range(20):
            in_lanes_and_out(falcon)
            if falcon.counters("nic")["dropped-gone"]:
                break
        in_lanes_and_out(falcon)
        counters = falcon.counters()
        early, late = (falcon.counters(stage)["dropped-gone"] for stage in ("nic", "container"))
    record(record_property, traffic.account, gone=early + late)
    assert early > 0, "nothing was left, and so nothing tried"
    assert counters["taken"] == counters["processed"] + counters["dropped-full"] + early, counters
    assert counters["merged"] == counters["delivered"] + late, counters
    wrong = trouble(traffic.account)
    assert wrong.get("lost", 0) <= early + late
    assert not {"duplicated", "damaged"} & set(wrong), wrong


@pytest.mark.thorough
def test_packets_that_workers_merge_in_the_order_sent(overlay, falcon, record_property):
    """The long run: the workers' GRO makes so many packets a second possible."""
    count = 100_000 * SCALE
    overlay.net.merge_udp(overlay.guest, True)
    try:
        falcon.enable(**{**LANES, "batch": 16})
        with Traffic(overlay, seconds=None, count=count, idle=IDLE, gro=True, **TRAINS) as traffic:
            traffic.finish(count)
        counters = lanes.assert_conserved(falcon)
    finally:
        overlay.net.merge_udp(overlay.guest, False)
    account = traffic.account
    record(record_property, account, merged=counters["merged"], runs=counters["runs"], held=counters["held"],
           rate=round(account["received"] * 1e9 / account["receive_ns"]))
    assert account["sent"] == count
    assert not trouble(account)
    assert counters["taken"] > 0.5 * count and counters["merged"] < 0.5 * counters["taken"]
    assert counters["held"] > 0


def request(**values):
    return rawnl.message("config-set", b"".join(rawnl.config(name.replace("_", "-"), value)
                                                for name, value in values.items()))


@pytest.mark.thorough
def test_promotions_and_demotions_keep_the_order(overlay, falcon, record_property):
    # Parked hooks would take longer to attach than one visit to the guest lasts, so they are not parked.
    falcon.enable(**{**LANES, "batch": 1, "park": 0})
    raw, began, before = rawnl.Raw(overlay.guest), time.monotonic(), 0
    # Single packets instead of bursts: even a flow of few packets then ends a run often.
    with Traffic(overlay, flows=32, rate=8000, size=64, burst=1, idle=IDLE) as traffic:
        while before < STEPS:
            # Every flow is promoted, moves to its next worker hundreds of times, and is demoted.
            raw.turns(1, [request(elephant_rate=0)])
            raw.turns(TURNS, [request(workers=1), request(workers=3)], PAUSE)
            raw.turns(1, [request(elephant_rate=NEVER)])
            counters = falcon.counters()
            assert steps(counters) > before
            before = steps(counters)
    took = time.monotonic() - began
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, steps=steps(counters), steps_per_s=round(steps(counters) / took),
           gated=counters["gated"])
    assert counters["gated"] > 0
    assert not trouble(traffic.account)


@pytest.mark.soak
@in_parts("turns", 1)
def test_modes_changed_under_traffic(overlay, falcon, turns, record_property):
    falcon.enable(**LANES)
    script = in_guest([config_set("mode=pipeline"), config_set("mode=lanes")], 5)
    with Traffic(overlay, flows=4, idle=IDLE) as traffic:
        for _ in range(turns):
            overlay.guest.run(script, timeout=120)
    record(record_property, traffic.account, changes=10 * turns)
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


# falcon refuses a set that contains an offline CPU.
CHURN = "\n".join([
    "n=0; policies=(hash two-choice least-loaded auto); while :; do",
    # The sets: all CPUs; all except the delivery's; one that contains the NIC's CPU; the NIC's CPU alone.
    "for set in 1-4 1-2 3-4 0-4 '' 2 0; do",
    "\tmode=lanes; ((++n % 3)) || mode=pipeline",
    "\tdelivery=own; ((RANDOM % 2)) || delivery=worker",
    "\trate=0; ((RANDOM % 4)) || rate=$((RANDOM % 3000))",
    f"\t{CTL} config set mode=$mode cpus=$set workers=$((RANDOM % 4)) batch=$((1 << RANDOM % 9))"
    " delivery=$delivery elephant-rate=$rate nic-split=$((RANDOM % 2)) host=$((RANDOM % 2))"
    " park=$((RANDOM % 2)) policy=${policies[RANDOM % 4]} >/dev/null 2>&1",
    f"\t{CTL} flow list >/dev/null; {CTL} stats show >/dev/null",
    # Changes without a pause would leave a flow no time to be promoted.
    "\tsleep 0.$((RANDOM % 3))",
    "done; done"])
ONLINE = "/sys/devices/system/cpu/cpu{}/online"
HOTPLUG = (f"while :; do echo 0 >{ONLINE.format(4)}; sleep 0.2; echo 1 >{ONLINE.format(4)}; sleep 0.3; done")


@pytest.mark.thorough
@pytest.mark.torture(check=True)
def test_everything_at_once(overlay, falcon, record_property):
    """Modes, sets, workers, batches, delivery and rate change while a CPU goes offline and online."""
    guest, count = overlay.guest, 40_000 * SCALE
    falcon.enable(**LANES)
    churn = guest.spawn(CHURN)
    hotplug = guest.spawn(HOTPLUG)
    try:
        with Traffic(overlay, flows=8, seconds=None, count=count, idle=IDLE) as traffic:
            traffic.finish(count)
        assert churn.running and hotplug.running
    finally:
        churn.stop()
        hotplug.stop()
        guest.run(f"echo 1 >{ONLINE.format(4)}")
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, taken=counters["taken"], steered=counters["steered"],
           held=counters["held"], steps=steps(counters))
    assert not trouble(traffic.account)
    # The number depends on time: a slow machine needs seconds to attach parked hooks.
    assert counters["taken"] > 100 and counters["steered"] > 100
    assert steps(counters) > 0


@in_parts("cycles", 2)
def test_loaded_and_unloaded_again_and_again_under_full_traffic(overlay, falcon, cycles, record_property):
    guest = overlay.guest
    with clean_log(guest), Traffic(overlay, flows=4, rate=12000, idle=IDLE) as traffic:
        for _ in range(cycles):
            falcon.enable(busy_threshold=100, load_threshold=100, **LANES)
            lanes.reach(falcon, state="several")
            falcon.unload()     # while it is enabled
            assert not guest.run("cat /sys/kernel/tracing/enabled_functions").out.strip()
            falcon.load()
    account = traffic.account
    record(record_property, account, cycles=cycles)
    assert (account["duplicated"], account["reordered"], account["damaged"]) == (0, 0, 0)
    assert account["lost"] <= sum(account["dropped"].values())
    falcon.enable(**LANES)
    assert not trouble(overlay.udp(count=2000))


def cycle_cpus(overlay, cycles):
    """The account of a flow while CPUs of the set go offline and online, one after the other."""
    with Traffic(overlay, idle=IDLE) as traffic:
        for n in range(cycles):
            path = ONLINE.format(1 + n % 4)
            overlay.guest.run(f"echo 0 >{path}; echo 1 >{path}", timeout=120)
    return traffic.account


@pytest.mark.thorough
def test_workers_go_offline_and_come_back_under_traffic(overlay, falcon, record_property):
    cycles = 5 * SCALE
    stock = cycle_cpus(overlay, cycles)
    falcon.enable(**LANES)
    account = cycle_cpus(overlay, cycles)
    counters = lanes.assert_conserved(falcon)
    record(record_property, account, cycles=cycles, taken=counters["taken"],
           longest_gap_ms=account["longest_gap_ns"] // 1_000_000,
           stock_lost=stock["lost"], stock_longest_gap_ms=stock["longest_gap_ns"] // 1_000_000)
    # All packets except those before the flow's promotion.
    assert counters["taken"] > 0.5 * account["sent"]
    assert not trouble(stock)
    assert not trouble(account)
    # This only proves that nothing stops for ever. The bench tells how fast it is.
    assert account["longest_gap_ns"] < 1_000_000_000
    assert falcon.ctl("status")["cpus"] == CPUS
