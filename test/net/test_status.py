# SPDX-License-Identifier: GPL-2.0
"""status, cpu list and top on a host under traffic."""

import json

import pytest

from net import guestside, lanes, path, plan, udp
from net.falcon import CTL
from net.wait import until
from stress.traffic import Traffic, trouble

LANES = {"mode": "lanes", "cpus": "1-3", "workers": 2, "policy": "hash", "batch": 16, "elephant_rate": 2000, "busy_threshold": 100,
         "load_threshold": 100}
FAST, SLOW = 4000, 200      # packets/s


@pytest.mark.thorough
def test_status_counts_elephants_and_mice(overlay, falcon):
    status = falcon.ctl("status")
    assert (status["flows"], status["in-lanes"]) == (0, 0)
    assert status["summary"] == "disabled, every flow takes the kernel's own path"
    falcon.enable(**LANES)
    with Traffic(overlay, rate=FAST, idle=1500) as elephant, \
         Traffic(overlay, port=udp.DEFAULT_PORT + 1, rate=SLOW, idle=1500) as mouse:
        lanes.reach(falcon, state="several", reason="none")
        status = lanes.reach_status(falcon, flows=2, in_lanes=1, several=1, not_promoted=0)
        assert status["summary"].startswith("1 flow in lanes, 1 of them on several CPUs at once; 1 mouse on the kernel's path")
    assert not trouble(elephant.account) and not trouble(mouse.account)
    lanes.reach_status(falcon, flows=0)


@pytest.mark.thorough
def test_status_says_what_keeps_flows_out_of_lanes(overlay, falcon):
    falcon.enable(**LANES)
    rps = "/sys/class/net/$nic/queues/rx-0/rps_cpus"
    overlay.guest.run(f"{guestside.FIND_NIC}; echo 2 >{rps}")
    try:
        with Traffic(overlay, rate=FAST, idle=1500) as traffic:
            status = lanes.reach_status(falcon, not_promoted=1, in_lanes=0, not_promoted_reason="rps")
            assert "1 above elephant-rate not promoted (rps)" in status["summary"]
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
    falcon.enable(**{**LANES, "park": 0})
    guest = overlay.guest
    top = guest.spawn(f"exec {CTL} --json top --interval 2 --count 5")
    with Traffic(overlay, rate=FAST, idle=1500) as traffic:
        lanes.reach(falcon, state="several", reason="none")
        falcon.configure(batch=32)
        workers = lanes.flow(falcon)["workers"]
        until(lambda: not top.running, 60, "five views")
        views = [json.loads(line) for line in top.wait(5).out.splitlines()]
    assert not trouble(traffic.account)
    assert len(views) == 5
    decisions = [decision["what"] for view in views for decision in view["decisions"]]
    assert any("kernel -> " in what or f" -> several ({workers})" in what for what in decisions), decisions
    assert "config" in decisions
    [flow] = views[-1]["flows"]
    assert (flow["state"], flow["workers"], flow["dport"]) == ("several", workers, udp.DEFAULT_PORT)
    # Wide bounds: the sending host may be late.
    assert FAST / 4 < flow["rate"] < FAST * 2
    cpus = {cpu["cpu"]: cpu for cpu in views[-1]["cpus"]}
    assert cpus[0]["nic"] > FAST / 4 and cpus[0]["tunnel"] == 0
    assert all(cpus[int(cpu)]["tunnel"] > 0 for cpu in workers.split(","))
    assert sum(cpu["container"] for cpu in cpus.values()) > FAST / 4


# Tunnels whose packets reach no NIC, like those that are encrypted: one tunnel of the host, and one between two
# containers, which is none of falcon's business.
HIDDEN = """
set -e
tunnel() {  # NUMBER REMOTE ip OPTION...
    local number=$1 remote=$2; shift 2
    "$@" link set hidden$number up
    "$@" addr add 198.18.0.$number/30 dev hidden$number
    "$@" link add over$number type vxlan id $(((number + 11) / 2)) dstport 4789 local 198.18.0.$number remote 198.18.0.$remote dev hidden$number
    "$@" addr add 198.18.1.$number/30 dev over$number
    "$@" link set over$number up
}
for n in 1 2; do ip netns add hidden$n; done
ip link add hidden1 type veth peer name hidden2 netns hidden1
ip -n hidden1 link add hidden5 type veth peer name hidden6 netns hidden2
tunnel 1 2 ip
tunnel 2 1 ip -n hidden1
tunnel 5 6 ip -n hidden1
tunnel 6 5 ip -n hidden2
"""
SHOWN = "ip link del hidden1; for n in 1 2; do ip netns del hidden$n; done"
PINGS = 40      # ten a second, for longer than the three seconds after which falcon is certain


@pytest.mark.thorough
def test_status_says_that_packets_of_a_tunnel_are_not_seen_at_a_nic(overlay, falcon):
    """While such packets arrive, with hooks parked or not, and only for tunnels that a NIC could bring. Not when a NIC
    brings other packets.
    """
    falcon.enable(**{**LANES, "park": 1})
    none = "0 flows in lanes; 0 mice on the kernel's path"

    def reason():
        return falcon.ctl("status").get("reason", "")
    with path.commands(overlay.guest, HIDDEN, SHOWN):
        overlay.guest.run(f"ip netns exec hidden2 ping -q -i 0.1 -c {PINGS} 198.18.1.5")
        status = falcon.ctl("status")
        assert status["summary"].startswith(f"{none}; no packet of a tunnel was seen in the last second")
        assert "reason" not in status
        ping = overlay.guest.spawn("exec ping -q -i 0.1 198.18.1.2")
        try:
            until(lambda: "none of a flow is seen at a NIC" in reason(), 30, "the packets to be missed")
            assert falcon.ctl("status")["summary"].startswith(none)
            with Traffic(overlay, rate=SLOW, idle=1500) as seen:
                until(lambda: not reason(), 20, "a flow to be seen")
        finally:
            ping.stop()
    assert not trouble(seen.account)


# Datagrams of two virtual networks with the same host and two ports, and one with a third port.
EQUAL = """
import socket, struct
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for vni, port in ((77, 5001), (78, 5001), (77, 5002)):
    udp = struct.pack(">HHHH", 4000, port, 8, 0)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, bytes((198, 51, 100, 9)), bytes((198, 51, 100, 10)))
    sock.sendto(struct.pack(">II", 1 << 27, vni << 8) + bytes(12) + bytes((8, 0)) + ip + udp, ("{to}", {port}))
"""


@pytest.mark.thorough
def test_equal_flows_of_two_networks_are_two_that_say_so(overlay, falcon):
    falcon.enable(**{**LANES, "park": 0})
    words = {"to": plan.host(plan.UNDERLAY[4], plan.GUEST), "port": plan.PORTS["vxlan"]}
    overlay.net.namespace.run(["python3", "-c", EQUAL.format(**words)])

    def found():
        return sorted((flow["dport"], flow["vni"], flow.get("twin", 0)) for flow in falcon.flows() if flow.get("sport") == 4000)
    until(lambda: len(found()) == 3, 20, "the flows to be known")
    assert found() == [(5001, 77, 1), (5001, 78, 1), (5002, 77, 0)]
