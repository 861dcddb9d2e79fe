# SPDX-License-Identifier: GPL-2.0
"""Packet sockets on every device see the same packets as without falcon."""

import pytest

from net import guestside, path, udp
from net.capture import Captures, inner_filter, nic, outer_filter
from net.path import same  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 3000
IN_ORDER = [(0, seq) for seq in range(COUNT)]


def devices(overlay):
    """name: (device, filter, options) of every device on the path."""
    inner = inner_filter()
    return {
        "nic": (nic(overlay.guest), outer_filter(overlay.net.variant), {}),
        "tunnel": (guestside.TUNNEL, inner, {}),
        "bridge": (guestside.BRIDGE, inner, {}),
        "veth": (guestside.veth(0), inner, {}),
        "container": (guestside.CONTAINER_DEVICE, inner, {"container": 0}),
    }


def observe(overlay, *names, **options):
    """The packets that tcpdump sees on these devices, and the sink's counts."""
    found = devices(overlay)
    with Captures(overlay.guest) as captures:
        for name in names:
            device, what, more = found[name]
            captures.add(name, device, what, **{**more, **options})
        account = overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)
        return {"account": path.counts(account), **captures.datagrams(COUNT)}


def expect_all(seen):
    path.assert_whole(seen["account"], COUNT)
    for name in set(seen) - {"account"}:
        assert not path.difference({name: IN_ORDER}, {name: seen[name]})


def test_tcpdump_on_every_device_at_once_sees_each_packet_in_order(overlay, same):
    same(lambda: observe(overlay, "nic", "tunnel", "bridge", "veth", "container"), expect_all,
         reason="watched")


@pytest.mark.soak
@pytest.mark.parametrize("device", ["tunnel", "veth"])
def test_tcpdump_on_one_device_sees_each_packet_in_order(overlay, same, device):
    same(lambda: observe(overlay, device), expect_all, reason="watched")


@pytest.mark.soak
def test_tcpdump_in_the_container_sees_each_packet_in_order(overlay, same):
    same(lambda: observe(overlay, "container"), expect_all, merge="backlog")


@pytest.mark.soak
def test_packets_cloned_by_a_socket_on_the_nic_stay_in_order(overlay, same):
    def traffic():
        seen = observe(overlay, "nic")
        with Captures(overlay.guest) as captures:
            captures.add("nic", nic(overlay.guest), outer_filter(overlay.net.variant))
            # The kernel itself reorders TCP here, so only arrival can be compared.
            account = overlay.net.iperf(overlay.guest, 2, cpu=5, bitrate=20_000_000)
        return {**seen, "tcp arrived": account["received"] > 1_000_000}

    same(traffic, lambda seen: path.assert_whole(seen["account"], COUNT), reason="watched")


@pytest.mark.soak
def test_a_tpacket_v3_ring_in_the_container_gets_each_packet_in_order(overlay, same):
    def traffic():
        with Captures(overlay.guest) as captures:
            device, what, options = devices(overlay)["container"]
            captures.add("ring", device, what, ring=True, **options)
            # TPACKET_V1 is 0 in enum tpacket_versions
            sockets = overlay.guest.run("ip netns exec c0 ss -0 -e -n").out
            assert "ver:2 " in sockets and "ring_rx(" in sockets, sockets
            account = overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)
            return {"account": path.counts(account), **captures.datagrams(COUNT)}

    same(traffic, expect_all)


def test_tcpdump_opened_and_closed_under_traffic_changes_nothing(overlay, same):
    def traffic():
        run = udp.new_run()
        # A guest may stand still for longer than a second.
        sink = overlay.net.sink(overlay.guest, cpu=5, run=run, verify=True, idle=5000)
        sender = overlay.net.send(run=run, rate=2000, burst=20, seconds=3)
        opened = 0
        while sender.running:
            for name in ("tunnel", "nic", "veth"):
                device, what, options = devices(overlay)[name]
                with Captures(overlay.guest) as captures:
                    captures.add(name, device, what, **options)
                    opened += 1
        sent = sender.wait()
        account = udp.balance(sent, sink.wait(sent=sent["sent"]))
        assert opened >= 3
        return {name: account[name] for name in ("lost", "duplicated", "reordered", "damaged")}

    same(traffic)
