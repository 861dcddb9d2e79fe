# SPDX-License-Identifier: GPL-2.0
"""What status, cpu list and top tell of a host under traffic."""

import json

import pytest

from net import guestside, lanes, udp
from net.falcon import CTL
from net.wait import until
from stress.traffic import Traffic, trouble

LANES = {"mode": "lanes", "cpus": "1-3", "workers": 2, "policy": "hash", "batch": 16, "elephant_rate": 2000, "busy_threshold": 100,
         "load_threshold": 100}
FAST, SLOW = 4000, 200      # packets/s


@pytest.mark.thorough
def test_status_counts_elephants_and_mice(overlay, falcon):
    status = falcon.ctl("status")
    assert (status["flows"], status["elephants"]) == (0, 0)
    assert status["summary"] == "disabled, every flow takes the kernel's own path"
    falcon.enable(**LANES)
    with Traffic(overlay, rate=FAST, idle=1500) as elephant, \
         Traffic(overlay, port=udp.DEFAULT_PORT + 1, rate=SLOW, idle=1500) as mouse:
        lanes.reach(falcon, rung="several", limit="none")
        until(lambda: falcon.ctl("status")["flows"] == 2, 20, "both flows to be counted")
        status = falcon.ctl("status")
        assert (status["elephants"], status["several"], status["barred"]) == (1, 1, 0)
        assert status["summary"].startswith("1 flow in lanes, 1 of them on several CPUs at once; 1 mouse inline")
    assert not trouble(elephant.account) and not trouble(mouse.account)
    until(lambda: falcon.ctl("status")["flows"] == 0, 20, "flows to be forgotten")


@pytest.mark.thorough
def test_status_says_what_keeps_flows_out_of_lanes(overlay, falcon):
    falcon.enable(**LANES)
    rps = "/sys/class/net/$nic/queues/rx-0/rps_cpus"
    overlay.guest.run(f"{guestside.FIND_NIC}; echo 2 >{rps}")
    try:
        with Traffic(overlay, rate=FAST, idle=1500) as traffic:
            until(lambda: falcon.ctl("status")["barred"] == 1, 20, "the flow to be kept out")
            status = falcon.ctl("status")
            assert (status["elephants"], status["limit"]) == (0, "rps")
            assert "1 above elephant-rate kept from it (rps)" in status["summary"]
    finally:
        overlay.guest.run(f"{guestside.FIND_NIC}; echo 0 >{rps}")
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_cpu_list_shows_who_works(overlay, falcon):
    assert {cpu["load"] for cpu in falcon.ctl("cpu list")["cpus"]} == {0}, "disabled"
    falcon.enable(**{**LANES, "load_threshold": 60})
    burning = overlay.guest.spawn("exec taskset -c 4 bash -c 'while :; do :; done'")
    try:
        until(lambda: falcon.ctl("cpu list")["cpus"][4]["load"] > 80, 20, "its load to be seen")
        cpus = falcon.ctl("cpu list")["cpus"]
        assert [cpu["cpu"] for cpu in cpus] == list(range(6))
        assert [cpu["used"] for cpu in cpus] == [0, 1, 1, 1, 0, 0]
        assert cpus[4]["loaded"] == 1
        assert "; CPU 4 is the busiest at " in falcon.ctl("status")["summary"]
    finally:
        burning.stop("KILL")
    until(lambda: falcon.ctl("cpu list")["cpus"][4]["loaded"] == 0, 20, "its load to fall")


@pytest.mark.thorough
def test_top_shows_who_does_what_and_what_is_decided(overlay, falcon):
    falcon.enable(**{**LANES, "rest": 0})
    guest = overlay.guest
    top = guest.spawn(f"exec {CTL} --json top --interval 2 --count 5")
    with Traffic(overlay, rate=FAST, idle=1500) as traffic:
        lanes.reach(falcon, rung="several", limit="none")
        falcon.configure(batch=32)
        workers = lanes.flow(falcon)["workers"]
        until(lambda: not top.running, 60, "five views")
        views = [json.loads(line) for line in top.wait(5).out.splitlines()]
    assert not trouble(traffic.account)
    assert len(views) == 5
    decisions = [decision["what"] for view in views for decision in view["decisions"]]
    assert any("stock -> " in what or f" -> several ({workers})" in what for what in decisions), decisions
    assert "config" in decisions
    [flow] = views[-1]["flows"]
    assert (flow["rung"], flow["workers"], flow["dport"]) == ("several", workers, udp.DEFAULT_PORT)
    # Wide: the host that sends may be late.
    assert FAST / 4 < flow["rate"] < FAST * 2
    cpus = {cpu["cpu"]: cpu for cpu in views[-1]["cpus"]}
    assert cpus[0]["nic"] > FAST / 4 and cpus[0]["tunnel"] == 0
    assert all(cpus[int(cpu)]["tunnel"] > 0 for cpu in workers.split(","))
    assert sum(cpu["container"] for cpu in cpus.values()) > FAST / 4
