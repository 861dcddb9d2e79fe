# SPDX-License-Identifier: GPL-2.0
"""Fragments and copies: the number of packets differs from the number of datagrams."""

import contextlib

import pytest

from net import path, plan, tcp, udp
from net.path import same  # noqa: F401  pylint: disable=unused-import
from net.topology import Topology

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 2000
# A subnet broadcast or a multicast group: addresses that both containers have.
SHARED, GROUP, MAC_OF_GROUP = "198.51.100.99", "233.252.0.1", "01:00:5e:7c:00:01"


def fragmented(overlay, traffic, counter):
    """Observations of traffic(), and how often the receiver counted this event."""
    def read():
        host = tcp.host_counters(overlay.guest)
        return {"container": overlay.net.tcp_counters(overlay.guest)[1], "host": host}[counter]

    names = ("IpReasmReqds", "IpReasmOKs", "IpReasmFails")
    before = read()
    seen = traffic()
    after = read()
    return {**seen, "reassembled": {name: after[name] - before[name] for name in names}}


def test_inner_fragments_and_whole_datagrams_arrive_the_same(overlay, same):
    def traffic():
        return {"udp": path.counts(overlay.udp(count=COUNT, size="64,3000,200,1400", rate=2000, burst=40, verify=True))}

    def expect(seen):
        path.assert_whole(seen["udp"], COUNT)
        # a datagram of 3000 bytes takes three packets
        assert seen["reassembled"] == {"IpReasmReqds": COUNT // 4 * 3, "IpReasmOKs": COUNT // 4, "IpReasmFails": 0}

    same(lambda: fragmented(overlay, traffic, "container"), expect, merge="backlog")


@pytest.mark.soak
def test_outer_fragments_and_whole_packets_arrive_the_same(overlay, same):
    namespace = overlay.net.namespace
    inner = ["ip", "route", "replace", str(plan.OVERLAY[4]), "dev", "overlay0", "src", "198.51.100.1"]
    outer = ["ip", "route", "replace", "192.0.2.2", "dev", "tap0", "src", "192.0.2.1", "mtu", "lock", "700"]

    def traffic():
        return {"udp": path.counts(overlay.udp(count=COUNT, size="64,1400,200,64", rate=2000, burst=40, verify=True))}

    def expect(seen):
        path.assert_whole(seen["udp"], COUNT)
        assert seen["reassembled"] == {"IpReasmReqds": COUNT // 4 * 3, "IpReasmOKs": COUNT // 4, "IpReasmFails": 0}

    # The MTU is locked. Otherwise the sender would learn the path MTU and fragment the inner packet.
    namespace.run([*inner, "mtu", "lock", "1450"])
    namespace.run(outer)
    try:
        same(lambda: fragmented(overlay, traffic, "host"), expect)
    finally:
        namespace.run(["ip", "route", "del", "192.0.2.2"])
        namespace.run(inner)


@contextlib.contextmanager
def shared_address(overlay, address, mac, options):
    """An address of both containers, whose MAC address the bridge floods."""
    namespace, guest = overlay.net.namespace, overlay.guest
    namespace.run(["ip", "route", "replace", address, "dev", "overlay0", "src", "198.51.100.1"])
    namespace.run(["ip", "neigh", "replace", address, "lladdr", mac, "dev", "overlay0", "nud", "permanent"])
    for index in range(2):
        guest.run(f"ip -n c{index} addr add {address}/32 dev eth0 {options}")
    try:
        yield
    finally:
        for index in range(2):
            guest.run(f"ip -n c{index} addr del {address}/32 dev eth0")
        namespace.run(["ip", "neigh", "del", address, "dev", "overlay0"])
        namespace.run(["ip", "route", "del", address])


@pytest.mark.parametrize("kind, address, mac, options", [
    ("broadcast", SHARED, "ff:ff:ff:ff:ff:ff", ""),
    pytest.param("multicast", GROUP, MAC_OF_GROUP, "autojoin", marks=pytest.mark.soak),
])
def test_flooded_copies_reach_every_container_in_order(overlay, same, kind, address, mac, options):
    guest, net = overlay.guest, overlay.net

    def sink(index, run):
        name = f"flooded-{run}-{index}"
        words = udp.options(port=udp.DEFAULT_PORT, bind=address, run=run, verify=True, idle=udp.IDLE_MS,
                            ready=f"/shared/{name}")
        command = Topology.in_container(f"{udp.GUEST_TOOLS}/udp-sink {' '.join(words)}", index, cpu=4 + index)
        return udp.Sink(guest, f"exec {command}", guest.shared / name)

    def traffic():
        run = udp.new_run()
        sinks = [sink(index, run) for index in range(2)]
        sent = path.sender(overlay, address, port=udp.DEFAULT_PORT, run=run, count=COUNT, size=1000, rate=3000,
                           burst=40).wait()
        return {f"container {index}": path.counts(udp.balance(sent, each.wait())) for index, each in enumerate(sinks)}

    def expect(seen):
        assert len(seen) == 2
        for account in seen.values():
            path.assert_whole(account, COUNT)

    with path.variant(overlay, "two"), shared_address(overlay, address, mac, options):
        assert net.variant.containers == 2, kind
        same(traffic, expect)
