# SPDX-License-Identifier: GPL-2.0
"""BPF programs on the path: XDP on NIC and veth, and tc's bpf_redirect_peer."""

import contextlib

import pytest

from net import bpf, guestside, path
from net.capture import nic
from net.path import same  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 3000


@contextlib.contextmanager
def xdp(guest, mode, where, device):
    """Attach the dropping program to a device. where: prefix that runs ip in the device's namespace."""
    at = bpf.INNER if where else bpf.OUTER
    program = bpf.put(guest, "xdp", bpf.drop_some(at))
    guest.run(f"ip {where} link set dev {device} {mode} obj {program} sec xdp")
    try:
        yield
    finally:
        guest.run(f"ip {where} link set dev {device} {mode} off")


def expect_some_dropped(seen):
    dropped = len(range(bpf.DROP_REMAINDER, COUNT, bpf.DROP_EVERY))
    assert seen["udp"]["sent"] == COUNT
    assert seen["udp"]["lost"] == dropped
    assert (seen["udp"]["duplicated"], seen["udp"]["reordered"], seen["udp"]["damaged"]) == (0, 0, 0)
    assert seen["tcp"] == path.STREAM_WHOLE


def expect_all(seen):
    path.assert_whole(seen["udp"], COUNT)
    assert seen["tcp"] == path.STREAM_WHOLE


@pytest.mark.parametrize("where, mode, merge", [
    pytest.param("nic", "xdpgeneric", "backlog", marks=pytest.mark.soak),
    ("nic", "xdpdrv", "backlog"),
    pytest.param("container", "xdpgeneric", "backlog", marks=pytest.mark.soak),
    # a veth with a driver-mode XDP program receives by NAPI
    ("container", "xdpdrv", "transmit"),
])
def test_xdp_drops_the_same_and_passes_the_rest_in_order(overlay, same, where, mode, merge):
    guest = overlay.guest
    namespace, device = ("", nic(guest)) if where == "nic" else ("-n c0", guestside.CONTAINER_DEVICE)
    with xdp(guest, mode, namespace, device):
        same(lambda: {"udp": path.counts(overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)),
                      "tcp": path.stream(overlay)},
             expect_some_dropped, merge=merge)
    if merge == "transmit":
        # A backlog's poll could pass on more merged segments than the veth's ring holds, so falcon keeps merged packets
        # on the CPU where GRO merged them.
        assert {entry["cpu"] for entry in same.flows["pipeline"] if entry.get("dport") == path.STREAM_PORT
                and entry.get("stage") == "tunnel" and entry["moves"]} == {0}


def test_bpf_redirect_peer_delivers_the_same_in_order(overlay, same):
    guest = overlay.guest
    index = int(guest.run(f"cat /sys/class/net/{guestside.veth(0)}/ifindex").out)
    program = bpf.put(guest, "tc", bpf.redirect_peer(index))
    guest.run(f"tc qdisc add dev {guestside.TUNNEL} clsact;"
              f"tc filter add dev {guestside.TUNNEL} ingress bpf direct-action obj {program} sec tc")
    before = _forwarded(guest)
    try:
        same(lambda: {"udp": path.counts(overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)),
                      "tcp": path.stream(overlay)},
             expect_all, reason="no-merge")
        # All traffic passed the program, none the bridge's veth.
        assert _forwarded(guest) - before < 100
    finally:
        guest.run(f"tc qdisc del dev {guestside.TUNNEL} clsact")


def _forwarded(guest):
    return int(guest.run(f"cat /sys/class/net/{guestside.veth(0)}/statistics/tx_packets").out)
