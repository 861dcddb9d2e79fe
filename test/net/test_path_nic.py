# SPDX-License-Identifier: GPL-2.0
"""Other NICs: one that receives merged packets, a driver that hands over page fragments, and two queues."""

import contextlib
import sys
from pathlib import Path

import pytest

from net import lanes, path, plan, udp, wait
from net.capture import Captures, nic, outer_filter
from net.path import same  # noqa: F401  pylint: disable=unused-import
from stress.traffic import Traffic, trouble

# pylint: disable=redefined-outer-name,unused-argument

pytestmark = pytest.mark.thorough

USO_SEND = Path(__file__).with_name("uso_send.py")
COUNT = 3000


def send_merged(overlay):
    """Send datagrams through the tunnel, forty in each packet of the wire."""
    run = udp.new_run()
    sink = overlay.net.sink(overlay.guest, cpu=5, run=run)
    overlay.net.namespace.run([sys.executable, USO_SEND, run, COUNT, 1000, udp.DEFAULT_PORT])
    return path.counts(sink.wait())


def expect_all(account):
    seen = {name: account[name] for name in ("received", "lost", "duplicated", "reordered", "damaged")}
    assert seen == {"received": COUNT, "lost": 0, "duplicated": 0, "reordered": 0, "damaged": 0}


def longest(overlay, traffic, packets, what):
    """Length of the longest packet that the NIC receives, and the number of packets."""
    with Captures(overlay.guest) as captures:
        captures.add("nic", nic(overlay.guest), what)
        traffic()
        frames = captures.stop(packets)["nic"]
    return max(length for _, length in frames), len(frames)


@pytest.mark.parametrize("wire", [plan.MERGED], ids=["merged"])
def test_packets_merged_on_the_wire_arrive_as_the_same_datagrams_in_order(overlay, same, wire):
    if overlay.kernel == "6.1":
        pytest.skip("virtio_net of Linux 6.1 takes no merged UDP")
    length, packets = longest(overlay, lambda: send_merged(overlay), 1, outer_filter(overlay.net.variant))
    assert length > 10 * plan.UNDERLAY_MTU and packets < COUNT / 10

    same(lambda: {"udp": send_merged(overlay)}, lambda seen: expect_all(seen["udp"]), merge="backlog")


@pytest.mark.parametrize("wire", [plan.MERGED], ids=["merged"])
def test_tcp_of_the_host_merged_on_the_wire_arrives_the_same(overlay, same, wire):
    to = (plan.host(plan.UNDERLAY[4], plan.GUEST), path.STREAM_PORT)

    def traffic():
        return {"tcp": path.stream(overlay, container=None, to=to)}

    def expect(seen):
        assert seen["tcp"] == path.STREAM_WHOLE

    length, _ = longest(overlay, traffic, 1, f"tcp dst port {path.STREAM_PORT}")
    assert length > 10 * plan.UNDERLAY_MTU

    # Mode pipeline leaves TCP whole for the NIC's GRO, and traffic to the host has no other stage.
    same(traffic, expect, config={"host": 1}, steered=False)


@pytest.mark.parametrize("wire", [plan.MERGED], ids=["merged"])
def test_the_tunnels_tcp_and_udp_from_a_sender_with_offloads_arrive_the_same(overlay, same, wire):
    def traffic():
        return {"udp": path.counts(overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)), "tcp": path.stream(overlay)}

    def expect(seen):
        path.assert_whole(seen["udp"], COUNT)
        assert seen["tcp"] == path.STREAM_WHOLE

    same(traffic, expect, merge="backlog")


@contextlib.contextmanager
def frames_of(overlay, mtu):
    """Set this MTU for the overlay while the block runs."""
    overlay.net.set_mtu(overlay.guest, mtu)
    try:
        yield
    finally:
        if overlay.guest.alive:
            overlay.net.set_mtu(overlay.guest)


@pytest.mark.parametrize("wire", [plan.E1000], ids=["e1000"])
@pytest.mark.parametrize("mtu, size", [pytest.param(None, 1000, marks=pytest.mark.soak), (9000, "8900,64,12000,4000")])
def test_a_driver_that_hands_over_pages_delivers_the_same(overlay, same, wire, mtu, size):
    """e1000 calls napi_gro_frags() for frames above the usual MTU, and napi_gro_receive() otherwise."""
    guest, count = overlay.guest, 1500

    def traffic():
        account = overlay.udp(count=count, size=size, rate=2000, burst=20, verify=True)
        return {"udp": path.counts(account), "tcp": path.stream(overlay)}

    def expect(seen):
        path.assert_whole(seen["udp"], count)
        assert seen["tcp"] == path.STREAM_WHOLE

    with frames_of(overlay, mtu):
        assert bool(pages(guest, traffic)) == bool(mtu)
        same(traffic, expect, merge="backlog")


@pytest.mark.parametrize("wire", [plan.E1000], ids=["e1000"])
@pytest.mark.parametrize("variant, family", [
    ("vxlan", 4), ("vxlan", 6), ("geneve", 4), ("ipip", 4),
    *(pytest.param(*which, marks=pytest.mark.soak) for which in (("vxlan6", 4), ("geneve", 6), ("gre", 4))),
])
def test_every_tunnels_flow_is_taken_whole_from_a_driver_that_hands_over_pages(overlay, falcon, wire, variant, family):
    """e1000 hands over one of these datagrams by napi_gro_receive(). The others, one of them fragmented, go by
    napi_gro_frags().
    """
    with path.variant(overlay, variant) if variant != "vxlan" else contextlib.nullcontext(), frames_of(overlay, 9000):
        falcon.enable(**path.COMMON, **path.LANES)
        with Traffic(overlay, family=family, size="8900,64,12000,4000", rate=1500, burst=20) as traffic:
            lanes.reach(falcon, state="several", merge="backlog")
            before = falcon.counters()
            wait.until(lambda: falcon.counters()["merged"] > before["merged"] + 1000, 20, "packets")
        assert not trouble(traffic.account), traffic.account
        lanes.assert_conserved(falcon)


def pages(guest, traffic):
    """Calls of napi_gro_frags() during the traffic."""
    tracing = "/sys/kernel/tracing"
    event = f"{tracing}/events/net/napi_gro_frags_entry/enable"
    guest.run(f"echo >{tracing}/trace; echo 1 >{event}")
    try:
        traffic()
        return int(guest.run(f"grep -c 'napi_gro_frags_entry: ' {tracing}/trace || true").out)
    finally:
        guest.run(f"echo 0 >{event}; echo >{tracing}/trace")


SOURCES = range(40000, 40016)


@contextlib.contextmanager
def scattered(namespace, port):
    """The source port of the tunnel's packets changes from packet to packet, so the NIC's queue changes now and then.
    """
    # By the field's offset in the header, because no checksum covers it.
    ports = ", ".join(f"{number} : {source:#x}" for number, source in enumerate(SOURCES))
    namespace.run(["nft", "-f", "-"], text=f"""
        table ip scatter {{
            chain out {{
                type filter hook output priority mangle
                udp dport {port} @th,0,16 set numgen inc mod {len(SOURCES)} map {{ {ports} }}
            }}
        }}""")
    try:
        yield
    finally:
        namespace.run(["nft", "delete", "table", "ip", "scatter"])


def of_queues(guest):
    """Interrupts of each queue of the NIC so far; a virtio console has an input, too, without a number."""
    return [sum(int(count) for count in line.split()[1:] if count.isdigit())
            for line in guest.run(r"grep -E 'virtio[0-9]+-input\.' /proc/interrupts").out.splitlines()]


@pytest.mark.torture
@pytest.mark.parametrize("wire", [plan.QUEUES], ids=["queues"])
def test_packets_of_one_flow_from_two_queues_at_once_all_arrive(overlay, same, wire):
    """No NIC should do this. It destroys the order even without falcon, but no packet may be lost or duplicated."""
    # A slow kernel would lose packets before falcon, so its rate is lower.
    count, rate = 20 * COUNT // wait.patience, 8000 // wait.patience

    def traffic():
        before = of_queues(overlay.guest)
        account = path.counts(overlay.udp(count=count, size=64, **{**path.TRAFFIC, "rate": rate}))
        now = of_queues(overlay.guest)
        assert len(now) == wire.queues and all(each > was + COUNT / 100 for was, each in zip(before, now)), (before, now)
        del account["reordered"]
        return {"udp": account}

    def expect(seen):
        assert seen["udp"]["received"] == count

    with scattered(overlay.net.namespace, overlay.net.variant.port):
        same(traffic, expect, merge="backlog")
