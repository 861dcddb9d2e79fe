# SPDX-License-Identifier: GPL-2.0
"""The bench's peers of falcon: each delivers UDP and TCP complete, in order and on its own path, and restores the
guest.
"""

from types import SimpleNamespace

import pytest

from bench.case import CASES, BenchError
from bench.variant import VARIANTS
from net import guestside, path

from net.fixtures import VCPUS

pytestmark = pytest.mark.thorough

UDP, RR = CASES["udp-1400-1flow"], CASES["udp-rr"]
COUNT = 3000
REQUESTS = 300
TCP_RATE = 100e6     # bits a second: less than a slow machine can receive
NETKIT_CAME_WITH = "6.7"
PEERS = [pytest.param(name, marks=() if name in ("short-tc", "cpumap-rps", "netkit") else pytest.mark.soak)
         for name in ("host", "rps-disjoint", "rfs", "threaded-rps", "cpumap", "cpumap-rps", "redirect-peer", "netkit",
                      "short-tc")]
DEVICE = guestside.CONTAINER_DEVICE
# Settings of the guest that a peer changes and must restore.
STATE = f"""{guestside.FIND_NIC}
cd /sys/class/net
for device in $nic {guestside.TUNNEL} {guestside.veth(0)}; do
	cat $device/mtu $device/address $device/threaded $device/queues/rx-*/rps_cpus $device/queues/rx-*/rps_flow_cnt
	tc qdisc show dev $device | sed "s/ [0-9a-f]*: / /"
	ip -d link show dev $device | grep -o "xdp.*\\|veth\\|netkit"
done
# Its own device: a namespace that is made anew has gre0 and the like when their modules are there by then.
ip netns exec c0 bash -c "cat /sys/class/net/{DEVICE}/queues/rx-*/rps_*; ip addr show dev {DEVICE}; ip route;
	ip neigh show dev {DEVICE}" | sed "s/^[0-9]*: //; s/@if[0-9]*//"
sysctl net.core.rps_sock_flow_entries
ls /sys/fs/bpf; bpftool link show
"""


def state(guest):
    return guest.run(STATE, check=False).out.splitlines()


def requests(net, guest):
    """Number of requests that were answered."""
    server = net.rr_server(guest, cpu=VCPUS - 1, size=RR.size)
    try:
        return net.rr_client(size=RR.size, count=REQUESTS).wait()["answered"]
    finally:
        server.stop()


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_delivers_all_in_order_by_its_own_path(overlay, kernel, name):
    guest, variant = overlay.guest, VARIANTS[name](VCPUS)
    variant.build()
    before = state(guest)
    try:
        variant.apply(guest, UDP)
    except BenchError as error:
        assert name == "netkit" and kernel == "6.1", error
        pytest.skip(f"netkit came with {NETKIT_CAME_WITH}")
    try:
        net = variant.network(overlay.net)
        account = net.udp(guest, cpu=VCPUS - 1, count=COUNT, size=UDP.size, **path.TRAFFIC)
        path.assert_whole(account, COUNT)
        variant.check(guest, UDP, SimpleNamespace(frames=COUNT, received=COUNT))
        assert requests(net, guest) == REQUESTS
        variant.check(guest, RR, SimpleNamespace(frames=REQUESTS, received=REQUESTS))
        account = net.iperf(guest, 1, cpu=VCPUS - 1, bitrate=TCP_RATE)
        # A sender that retransmits changes the tunnel's source port, so later packets may overtake earlier ones.
        assert account["received"] and account["ofo_queue"] <= account["retransmitted"], account
    finally:
        variant.undo(guest)
    assert state(guest) == before
    overlay.net.check(guest)
