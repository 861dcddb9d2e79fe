# SPDX-License-Identifier: GPL-2.0
"""The CPUs that a flow gets by its policy. Load moves it, and it stays in order."""

import contextlib
import re

import pytest

from net import lanes
from net.lanes import reach
from net.wait import until
from stress.traffic import Traffic, trouble

CPUS = (1, 2, 3, 4)
# Flows are promoted from their first packet on, whatever the host's load, which another guest may cause.
LANES = {"mode": "lanes", "cpus": "1-4", "elephant_rate": 0, "busy_threshold": 100, "batch": 16}
POLICIES = ("hash", "two-choice", "least-loaded", "auto")


@contextlib.contextmanager
def flowing(overlay, falcon, rate=3000, **options):
    with Traffic(overlay, rate=rate, idle=5000, **options) as traffic:
        yield
    assert not trouble(traffic.account), traffic.account
    lanes.assert_conserved(falcon)


@contextlib.contextmanager
def burning(guest, *cpus):
    """Another task keeps these CPUs busy."""
    processes = [guest.spawn(f"exec taskset -c {cpu} bash -c 'while :; do :; done'") for cpu in cpus]
    try:
        yield
    finally:
        for process in processes:
            process.stop("KILL")


def workers_of(entry):
    return [int(cpu) for cpu in entry.get("workers", "").split(",") if cpu]


def workers(falcon):
    return workers_of(lanes.flow(falcon))


def go_on(falcon, packets):
    """Wait until so many more packets of the flow have arrived."""
    before = lanes.flow(falcon)["packets"]
    until(lambda: lanes.flow(falcon).get("packets", 0) >= before + packets, 60, f"{packets} packets more")


def load_of(guest, seconds=1):
    """Percentage of time that each CPU was not idle."""
    def times():
        lines = guest.run("grep ^cpu[0-9] /proc/stat").out.splitlines()
        return {int(cpu): [int(n) for n in rest.split()]
                for cpu, rest in (re.fullmatch(r"cpu(\d+) (.*)", line).groups() for line in lines)}
    before = times()
    guest.run(f"sleep {seconds}")
    after = times()
    return {cpu: 100 - 100 * (after[cpu][3] + after[cpu][4] - before[cpu][3] - before[cpu][4])
            // max(1, sum(after[cpu]) - sum(before[cpu])) for cpu in before}


@pytest.mark.thorough
@pytest.mark.parametrize("policy", [name if name == "auto" else pytest.param(name, marks=pytest.mark.soak)
                                    for name in POLICIES])
def test_workers_are_of_the_set_and_distinct_by_every_policy(overlay, falcon, policy):
    falcon.enable(**LANES, policy=policy, workers=3)
    with flowing(overlay, falcon):
        found = workers_of(reach(falcon, state="several"))
    assert len(set(found)) == 3 and set(found) <= set(CPUS)


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["auto", *(pytest.param(name, marks=pytest.mark.soak) for name in ("two-choice", "least-loaded"))])
def test_a_worker_whose_cpu_gets_busy_is_moved_in_order(overlay, falcon, policy):
    falcon.enable(**LANES, policy=policy, workers=1, load_threshold=70)
    with flowing(overlay, falcon):
        was, = workers_of(reach(falcon, state="one"))
        # Only this CPU is kept busy: two-choice has one alternative for the flow, and it may be any other CPU.
        with burning(overlay.guest, was):
            until(lambda: workers(falcon) not in ([], [was]), 30, f"a worker on another CPU than {was}")


@pytest.mark.soak
def test_by_hash_a_worker_stays_where_it_is_busy(overlay, falcon):
    falcon.enable(**LANES, policy="hash", workers=1, load_threshold=70)
    with flowing(overlay, falcon):
        was = workers_of(reach(falcon, state="one"))
        with burning(overlay.guest, *was):
            until(lambda: load_of(overlay.guest)[was[0]] > 90, 20, "a busy CPU")
            go_on(falcon, 9000)     # three seconds: three times as long as other policies need to move it
            assert workers(falcon) == was


@pytest.mark.soak
def test_a_flow_comes_to_a_cpu_that_has_time(overlay, falcon):
    falcon.enable(**LANES, policy="auto", workers=1)
    with burning(overlay.guest, 1, 2, 3):
        # Three of six seconds: the weighted means have followed.
        until(lambda: falcon.ctl("status")["host-load"] >= 45, 20, "falcon to see three busy CPUs")
        # Tasks that start with the traffic may keep CPU 4 busy for a while, too. A small flow then gets there later.
        with flowing(overlay, falcon, rate=500):
            until(lambda: workers(falcon) == [4], 60, "a worker on the CPU that has time")


@pytest.mark.soak
def test_a_policy_changed_under_traffic_is_followed_in_order(overlay, falcon):
    falcon.enable(**LANES, workers=2)
    with flowing(overlay, falcon, flows=4):
        reach(falcon, state="several")
        for n in range(12):
            falcon.configure(policy=POLICIES[n % len(POLICIES)], workers=n % 4)
        falcon.configure(workers=2)
        reach(falcon, state="several")


@pytest.mark.soak
def test_a_flow_that_one_cpu_is_enough_for_gets_no_second(overlay, falcon):
    falcon.enable(**LANES, workers=0, policy="auto")
    with flowing(overlay, falcon, rate=500):
        reach(falcon, state="one", reason="none")
        go_on(falcon, 1500)     # three seconds: three times as long as another worker needs to be added
        assert len(workers(falcon)) == 1


@pytest.mark.thorough
def test_a_flow_that_is_too_much_for_one_cpu_gets_more(overlay, falcon):
    """netfilter makes each packet expensive, for the workers only: their CPUs run through many rules."""
    guest = overlay.guest
    rules = "\n".join("add rule bridge dear pre udp dport 9" for _ in range(400))
    guest.run("modprobe br_netfilter; nft -f - <<'END'\nadd table bridge dear\n"
              "add chain bridge dear pre { type filter hook prerouting priority 0; }\n" + rules + "\nEND")
    try:
        falcon.enable(**LANES, workers=0, policy="auto", delivery="own")
        with flowing(overlay, falcon):
            # A flow begins with one worker, for a second at least, which may be over before the test looks.
            until(lambda: len(workers(falcon)) > 1, 50, "a second worker")
            reach(falcon, state="several")
    finally:
        guest.run("nft delete table bridge dear")


@pytest.mark.soak
def test_mode_auto_is_lanes_and_left_and_entered_in_order(overlay, falcon):
    falcon.enable(**{**LANES, "mode": "auto", "workers": 1})
    assert falcon.ctl("status")["mode"] == "lanes"
    with flowing(overlay, falcon):
        reach(falcon, state="one")
        for mode, active in (("pipeline", "pipeline"), ("auto", "lanes"), ("lanes", "lanes"), ("auto", "lanes")):
            falcon.configure(mode=mode)
            assert falcon.ctl("config show")["mode"] == mode
            assert falcon.ctl("status")["mode"] == active
        reach(falcon, state="one")
    falcon.disable()
    assert falcon.ctl("status")["mode"] == "auto"


@pytest.mark.soak
def test_a_small_flow_goes_into_a_lane_where_it_relieves_the_nics_cpu(overlay, falcon):
    """On a loaded NIC's CPU, an eighth of elephant-rate is enough. The flow stays in lanes when the load ends."""
    config = {**LANES, "workers": 1, "elephant_rate": 12000, "park": 0}
    falcon.enable(**{**config, "load_threshold": 100})
    with flowing(overlay, falcon):
        reach(falcon, state="kernel", reason="rate")
        with burning(overlay.guest, 0):
            falcon.configure(load_threshold=60)
            reach(falcon, state="one")
        until(lambda: falcon.ctl("cpu list")["cpus"][0]["load"] < 50, 20, "the NIC's CPU to have time again")
        go_on(falcon, 3000)
        assert lanes.flow(falcon)["state"] == "one"


@pytest.mark.thorough
def test_little_traffic_wakes_no_other_cpu(overlay, falcon, record_property):
    """Small flows wake no other CPU: CPUs without a part in the traffic run as many NET_RX softirqs as without falcon.
    """
    def elsewhere():
        rows = [line.split() for line in overlay.guest.run("cat /proc/softirqs").out.splitlines()]
        return sum(int(count) for count in next(row for row in rows if row[0] == "NET_RX:")[2:6])     # CPUs 1 to 4

    def softirqs():
        before = elsewhere()
        account = overlay.udp(count=3000, rate=1000, size=64)
        assert not trouble(account), account
        return elsewhere() - before

    stock = softirqs()
    falcon.enable(mode="auto", park=1)
    until(lambda: any(hook["state"] == "parked" for hook in falcon.ctl("status")["hooks"]), 20, "hooks to be parked")
    ours = softirqs()
    record_property("stock", stock)
    record_property("falcon", ours)
    assert falcon.counters()["wakes"] == 0
    assert ours <= stock + 30, "a hundredth of the packets"
