# SPDX-License-Identifier: GPL-2.0
"""Devices of other kinds, and with other settings, on the path."""

import contextlib

import pytest

from net import guestside, path, plan
from net.path import same  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 3000


def both(overlay, family=4, size=1000, count=COUNT):
    """UDP and TCP to the container."""
    return {"udp": path.counts(overlay.udp(family=family, size=size, count=count, **path.TRAFFIC)),
            "tcp": path.stream(overlay, family=family)}


def expect_all(seen):
    path.assert_whole(seen["udp"], COUNT)
    assert seen["tcp"] == path.STREAM_WHOLE


def test_a_veth_that_receives_by_napi_gets_the_same(overlay, same):
    """The container has GRO and the host's end cannot segment, so the veth receives into a ring of its own."""
    veth, inside = guestside.veth(0), f"ip netns exec c0 ethtool -K {guestside.CONTAINER_DEVICE}"
    with path.commands(overlay.guest, f"{inside} gro on; ethtool -K {veth} tso off",
                       f"ethtool -K {veth} tso on; {inside} gro off"):
        same(lambda: both(overlay), expect_all, merge="transmit")


# None of them drops: fq has a limit for each flow, too, which is 100 packets by default.
QDISCS = {"fq": "fq limit 20000 flow_limit 20000", "pfifo": "pfifo limit 20000"}


@pytest.mark.parametrize("qdisc", ["fq", pytest.param("pfifo", marks=pytest.mark.soak)])
def test_a_veth_with_a_queue_delivers_the_same(overlay, same, qdisc):
    veth = guestside.veth(0)
    with path.commands(overlay.guest, f"tc qdisc replace dev {veth} root {QDISCS[qdisc]}",
                       f"tc qdisc del dev {veth} root"):
        same(lambda: both(overlay), expect_all)


@pytest.mark.parametrize("carrier", ["vlan", pytest.param("bond", marks=pytest.mark.soak)])
def test_a_tunnel_over_another_device_than_the_nic_delivers_the_same(overlay, same, carrier):
    with path.variant(overlay, plan.Variant(carrier, carrier=carrier)):
        same(lambda: both(overlay), expect_all, merge="backlog")


@pytest.mark.parametrize("device, merge", [
    ("macvlan", "rx-handler"),
    pytest.param("ipvlan", "rx-handler", marks=pytest.mark.soak),
    pytest.param("netkit", "backlog", marks=pytest.mark.soak),
])
def test_a_container_with_a_device_of_another_kind_gets_the_same(overlay, same, kernel, device, merge):
    if device == "netkit" and kernel == "6.1":
        pytest.skip("netkit came with 6.7")
    with path.variant(overlay, plan.Variant(device, device=device)):
        same(lambda: both(overlay), expect_all, merge=merge)


@pytest.mark.parametrize("underlay, family", [("vxlan6", 6), *(pytest.param(*which, marks=pytest.mark.soak)
                                                             for which in (("vxlan", 6), ("vxlan6", 4)))])
def test_ipv6_outside_and_inside_arrives_the_same(overlay, same, underlay, family):
    with contextlib.ExitStack() as stack:
        if underlay != "vxlan":
            stack.enter_context(path.variant(overlay, underlay))
        same(lambda: both(overlay, family), expect_all, merge="backlog")


def test_frames_of_9000_bytes_arrive_the_same(overlay, same):
    overlay.net.set_mtu(overlay.guest, 9000)
    try:
        same(lambda: both(overlay, size="8900,64,4000"), expect_all, merge="backlog")
    finally:
        overlay.net.set_mtu(overlay.guest)
