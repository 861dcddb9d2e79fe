# SPDX-License-Identifier: GPL-2.0
"""Packets through the stages: their CPUs, that all arrive, and their order."""

import pytest

from net import plan, tcp, udp
from net.topology import Topology
from net.wait import until

STAGES = ("nic", "tunnel", "container")


def assert_whole(account, at_least=1):
    """Everything that was sent has arrived, once and in order."""
    assert account["sent"] >= at_least
    assert (account["lost"], account["duplicated"], account["reordered"], account["damaged"]) == (0, 0, 0, 0)


def cpus_of(falcon, protocol="udp", port=5000):
    """The CPU of each stage of the latest flow to the sink."""
    found = {flow["stage"]: flow["cpu"] for flow in sorted(falcon.flows(), key=lambda flow: -flow["idle"])
             if flow.get("protocol") == protocol and flow.get("dport") == port and flow["packets"] > 100}
    return [found.get(stage) for stage in STAGES]


def test_each_stage_of_a_udp_flow_has_a_cpu_of_its_own(overlay, falcon):
    falcon.enable()
    account = overlay.udp(count=6000, size=1400)
    assert_whole(account, 6000)
    assert sorted(cpus_of(falcon)) == [1, 2, 3]
    for stage in STAGES:
        counters = falcon.counters(stage)
        assert counters["asked"] >= 6000
        assert counters["steered"] == counters["asked"]
        assert counters["moves"] == 0


@pytest.mark.soak
def test_nic_split_off_leaves_the_first_stage_on_the_nics_cpu(overlay, falcon):
    falcon.enable(nic_split=0)
    assert_whole(overlay.udp(count=3000))
    nic, tunnel, container = cpus_of(falcon)
    assert nic == 0
    assert len({nic, tunnel, container}) == 3
    assert falcon.counters("nic")["local"] >= 3000
    falcon.configure(nic_split=1)


@pytest.mark.soak
def test_two_cpus_never_run_two_stages_in_a_row_on_one(overlay, falcon):
    falcon.enable(cpus="1-2")
    assert_whole(overlay.udp(count=3000))
    nic, tunnel, container = cpus_of(falcon)
    assert nic != tunnel != container


@pytest.mark.soak
def test_a_set_of_one_cpu_works_and_status_says_so(overlay, falcon):
    falcon.enable(cpus="2")
    assert_whole(overlay.udp(count=3000))
    assert cpus_of(falcon) == [2, 2, 2]
    assert falcon.counters()["no-other-cpu"] >= 6000
    assert "one CPU" in falcon.ctl("status")["reason"]


def test_many_flows_spread_and_stay_in_order(overlay, falcon):
    falcon.enable(cpus="0-4")
    assert_whole(overlay.udp(count=8000, flows=40, rate=4000), 8000)
    for stage in STAGES[1:]:
        assert len({flow["cpu"] for flow in falcon.flows() if flow["stage"] == stage}) >= 3, falcon.flows()


def test_tcp_is_steered_behind_gro_and_in_order(overlay, falcon):
    falcon.enable()
    account = overlay.net.iperf(overlay.guest, 3, cpu=5)
    assert account["received"] > 1_000_000
    assert account["ofo_queue"] == 0
    tcp = {flow["stage"]: flow["cpu"] for flow in falcon.flows()
           if flow["protocol"] == "tcp" and flow["packets"] > 100}
    assert set(tcp) == {"tunnel", "container"}
    assert tcp["tunnel"] != tcp["container"]
    # TCP is merged as without falcon: GRO behind the GRO cell has seen every packet.
    assert falcon.counters()["gro-bypass"] < 100


@pytest.mark.soak
def test_inner_ipv6_is_steered(overlay, falcon):
    falcon.enable()
    assert_whole(overlay.udp(count=3000, family=6))
    assert sorted(cpus_of(falcon)) == [1, 2, 3]


@pytest.mark.thorough
@pytest.mark.parametrize("variant", ["geneve", *(pytest.param(name, marks=pytest.mark.soak) for name in plan.VARIANTS
                                                 if name not in ("vxlan", "geneve"))])
def test_variants_of_the_overlay_are_steered(overlay, falcon, variant):
    overlay.net.switch(variant, overlay.guest)
    try:
        falcon.enable()
        port = 6000
        for family in plan.get(variant).families:
            for container in range(plan.get(variant).containers):
                port += 1
                assert_whole(overlay.udp(count=1000, family=family, container=container, port=port))
                assert sorted(cpus_of(falcon, port=port)) == [1, 2, 3]
    finally:
        overlay.net.switch("vxlan", overlay.guest)


@pytest.mark.thorough
def test_host_traffic_is_left_alone(overlay, falcon):
    falcon.enable()
    before = falcon.counters()["asked"]
    target = plan.host(plan.UNDERLAY[4], plan.GUEST)
    overlay.net.namespace.run(["ping", "-q", "-c", "200", "-i", "0.002", "-s", "1000", target])
    assert falcon.counters()["asked"] == before
    assert falcon.counters()["steered"] == falcon.counters()["asked"]


@pytest.mark.soak
def test_rps_of_the_administrator_still_serves_host_traffic(overlay, falcon):
    def received_by_rps():
        line = overlay.guest.run("sed -n 3p /proc/net/softnet_stat").out.split()
        return int(line[9], 16)

    queue = "/sys/class/net/eth0/queues/rx-0/rps_cpus"
    falcon.enable()
    overlay.guest.run(f"echo 4 >{queue}")
    try:
        before = received_by_rps()
        target = plan.host(plan.UNDERLAY[4], plan.GUEST)
        overlay.net.namespace.run(["ping", "-q", "-c", "50", "-i", "0.002", target])
        assert received_by_rps() - before >= 40
    finally:
        overlay.guest.run(f"echo 0 >{queue}")


@pytest.mark.soak
def test_a_containers_own_local_traffic_is_left_alone(overlay, falcon):
    falcon.enable()
    before = falcon.counters()["asked"]
    overlay.guest.run("ip addr add 198.51.100.201/24 dev br0")
    try:
        overlay.guest.run(Topology.in_container("ping -q -c 50 -i 0.01 198.51.100.201"))
    finally:
        overlay.guest.run("ip addr del 198.51.100.201/24 dev br0")
    assert falcon.counters()["asked"] - before < 20
    assert falcon.counters("container")["not-overlay"] >= 50


@pytest.mark.thorough
def test_inner_fragments_stay_in_order_with_whole_datagrams(overlay, falcon):
    falcon.enable()
    assert_whole(overlay.udp(count=3000, size="64,3000,200", rate=1500))
    assert falcon.counters("container")["fragments"] >= 1000
    assert falcon.counters("nic")["fragments"] >= 1000


@pytest.mark.thorough
def test_outer_fragments_stay_in_order_with_whole_packets(overlay, falcon):
    namespace = overlay.net.namespace
    inner = ["ip", "route", "replace", str(plan.OVERLAY[4]), "dev", "overlay0", "src", "198.51.100.1"]
    outer = ["ip", "route", "replace", "192.0.2.2", "dev", "tap0", "src", "192.0.2.1", "mtu", "lock", "700"]
    # The MTU is locked. Otherwise the sender would learn the path MTU and fragment the inner packet.
    namespace.run([*inner, "mtu", "lock", "1450"])
    namespace.run(outer)
    try:
        falcon.enable()
        assert_whole(overlay.udp(count=3000, size="64,1400,200", rate=1500))
        assert falcon.counters("nic")["fragments"] >= 1000
        assert falcon.counters("container")["fragments"] == 0
    finally:
        namespace.run(["ip", "route", "del", "192.0.2.2"])
        namespace.run(inner)


# Pairs of fragments: a first one, whose headers are those of a flow or are cut off, and a later one.
PAIRS_OF_FRAGMENTS = """
import socket, struct
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

def fragment(number, offset, more, payload):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, number, (0x2000 if more else 0) | offset // 8, 64, 17, 0,
                         socket.inet_aton("{source}"), socket.inet_aton("{to}"))
    sock.sendto(header + payload, ("{to}", 0))

udp = struct.pack(">HHHH", 50000, {port}, 1000, 0)
ports = struct.pack(">HHI", 50001, 5000, 0)
inner = bytes.fromhex("{mac}") * 2 + bytes((8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0)) + bytes(8) + ports
vxlan = struct.pack(">II", 1 << 27, {vni} << 8)
for number in range(1, 51):
    fragment(number, 0, True, {first})
    fragment(number, 64, False, bytes(32))
"""


@pytest.mark.thorough
@pytest.mark.parametrize("config, counter", [
    ({}, "fragments"),
    ({"mode": "lanes", "elephant_rate": 0, "busy_threshold": 100, "park": 0}, "taken"),
], ids=["pipeline", "lanes"])
def test_later_fragments_do_not_go_where_an_older_datagram_went(overlay, falcon, config, counter):
    """In round two the first fragment stays on the kernel's path. If falcon took a later one it would overtake."""
    words = {"source": plan.host(plan.UNDERLAY[4], plan.HOST), "to": plan.host(plan.UNDERLAY[4], plan.GUEST),
             "port": plan.PORTS["vxlan"], "vni": plan.VNI, "mac": plan.container_mac(0).replace(":", "")}

    def come():
        """Fragments that have reached the host's IP, behind falcon."""
        return tcp.host_counters(overlay.guest)["IpReasmReqds"]

    def rise(first):
        before, those = falcon.counters("nic")[counter], come()
        overlay.net.namespace.run(["python3", "-c", PAIRS_OF_FRAGMENTS.format(first=first, **words)])
        until(lambda: come() >= those + 100, 20, "the fragments to come")
        return falcon.counters("nic")[counter] - before
    falcon.ctl("priority add", "protocol=udp", "mode=sync")
    falcon.enable(**config)
    assert rise("(udp + vxlan + inner).ljust(64)") >= 50
    # The same IP identifications again.
    assert rise("udp") == 0


@pytest.mark.soak
def test_a_busy_host_returns_to_the_kernels_path_in_order(overlay, falcon):
    falcon.enable()
    sender_options = {"rate": 2000, "seconds": 5}
    net, guest = overlay.net, overlay.guest
    sink = net.sink(guest, cpu=5, run=77)
    sender = net.send(run=77, **sender_options)
    # Any load exceeds 1 %, and this traffic is one.
    falcon.configure(busy_threshold=1)
    until(lambda: falcon.counters()["standby"] > 100, 20, "packets left on stock's path")
    assert falcon.ctl("status")["state"] == "standby"
    assert "busy" in falcon.ctl("status")["reason"]
    falcon.configure(busy_threshold=100)
    until(lambda: falcon.ctl("status")["state"] == "enabled", 20, "falcon to resume")
    assert_whole(udp.balance(sender.wait(), sink.wait()))


@pytest.mark.soak
def test_a_loaded_cpu_gives_its_flow_to_the_second_choice(overlay, falcon):
    net, guest = overlay.net, overlay.guest
    falcon.enable(load_threshold=70)
    sink = net.sink(guest, cpu=5, run=78)
    sender = net.send(run=78, rate=1500, seconds=60)
    until(lambda: None not in cpus_of(falcon), 20, "the flow to be known")
    loaded = cpus_of(falcon)[2]
    hog = guest.spawn(f"exec taskset -c {loaded} bash -c 'while :; do :; done'")
    try:
        until(lambda: cpus_of(falcon)[2] != loaded, 30, "the flow to leave the loaded CPU")
    finally:
        hog.stop()
        sent = sender.stop()
    assert_whole(udp.balance(sent, sink.wait()))
    assert falcon.counters()["moves"] >= 1


@pytest.mark.soak
def test_a_deleted_container_leaves_nothing_behind(overlay, falcon):
    guest = overlay.guest
    falcon.enable()
    guest.run("ip netns add gone; ip link add gone0 type veth peer name eth0 netns gone;"
              "ip link set gone0 master br0 up; ip -n gone link set eth0 up;"
              "ip -n gone addr add 198.51.100.77/24 dev eth0")
    namespace = overlay.net.namespace
    namespace.run(["ip", "neigh", "replace", "198.51.100.77", "lladdr", "ff:ff:ff:ff:ff:ff",
                   "dev", "overlay0", "nud", "permanent"])
    sender = overlay.net.send(rate=2000, seconds=4)
    try:
        # The packets are flooded, so every queue has some for the device that is deleted.
        flood = namespace.popen(["ping", "-q", "-i", "0.002", "-c", "1500", "-b", "198.51.100.255"])
        guest.run("for n in 1 2 3; do ip link set gone0 down; ip link set gone0 up; done; ip netns del gone;"
                  "n=0; while [[ -e /sys/class/net/gone0 ]]; do sleep 0.05; ((++n < 200)); done")
        flood.kill()
        flood.communicate()
    finally:
        sender.wait()
    assert "gone0" not in [device["ifname"] for device in falcon.ctl("device list")["devices"]]
    # A leaked reference would show here, for ever.
    assert "waiting for gone0" not in guest.run("dmesg").out


@pytest.mark.thorough
def test_a_deleted_tunnel_device_is_forgotten_and_its_successor_steered(overlay, falcon):
    guest, net = overlay.guest, overlay.net
    falcon.enable()
    sender = net.send(rate=2000, seconds=3)
    net.clear_guest(guest)
    assert "overlay0" not in [device["ifname"] for device in falcon.ctl("device list")["devices"]]
    sender.wait()
    net.setup_guest(guest)
    assert_whole(overlay.udp(count=2000))
    assert sorted(cpus_of(falcon)) == [1, 2, 3]
    assert "unregister_netdevice" not in guest.run("dmesg").out
