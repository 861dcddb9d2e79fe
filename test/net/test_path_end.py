# SPDX-License-Identifier: GPL-2.0
"""Where the path ends: on the host, and in a container that is deleted."""

import pytest

from net import guestside, path, plan, udp, wait
from net.path import same  # noqa: F401  pylint: disable=unused-import
from net.wire import MAGIC

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 3000
GONE = "198.51.100.77"
GONE_MAC = "02:fa:1c:00:02:77"
DELETED_PORT = 5800
OWN = "198.51.100.78"
OWN_MAC = "02:fa:1c:00:02:78"


def to_host(overlay, to):
    """Results of datagrams to an address of the guest itself."""
    guest, run = overlay.guest, udp.new_run()
    name = f"host-{run}"
    words = udp.options(port=udp.DEFAULT_PORT, bind=to, run=run, verify=True, idle=udp.IDLE_MS, ready=f"/shared/{name}")
    sink = udp.Sink(guest, f"exec taskset -c 5 {udp.GUEST_TOOLS}/udp-sink {' '.join(words)}", guest.shared / name)
    sent = path.sender(overlay, to, port=udp.DEFAULT_PORT, run=run, count=COUNT, size=1000, rate=4000, burst=40)
    return path.counts(udp.balance(sent.wait(), sink.wait()))


def test_a_tunnel_that_ends_on_the_host_delivers_the_same(overlay, same):
    # in this variant the tunnel device has an address
    with path.variant(overlay, "routed"):
        same(lambda: {"udp": to_host(overlay, plan.host(plan.OVERLAY[4], plan.GUEST))},
             lambda seen: path.assert_whole(seen["udp"], COUNT), reason="no-merge")


# Counts the sender's datagrams on a packet socket for IPv4 only, until none has arrived for a while.
LISTENER = f"""\
import socket, sys
IPV4, FORCE_RCVBUF, count = 0x800, 33, 0
sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4))
sock.setsockopt(socket.SOL_SOCKET, FORCE_RCVBUF, 32 << 20)
sock.bind(("{guestside.TUNNEL}", IPV4))
open(sys.argv[1], "w")
sock.settimeout(20)
try:
    while True:
        count += {MAGIC!r} in sock.recv(256)
        sock.settimeout(3)
except TimeoutError:
    print(count)
"""


@pytest.mark.soak
def test_a_macvlan_of_the_hosts_own_gets_the_same_and_so_does_a_packet_socket_below(overlay, same):
    guest, namespace = overlay.guest, overlay.net.namespace

    def traffic():
        name = f"listener-{udp.new_run()}"
        (guest.shared / f"{name}.py").write_text(LISTENER)
        listener = guest.spawn(f"exec /usr/bin/python3 /shared/{name}.py /shared/{name}")
        wait.until((guest.shared / name).exists, 20, "a packet socket")
        return {"udp": to_host(overlay, OWN), "heard": int(listener.wait(60, check=True).out)}

    def expect(seen):
        path.assert_whole(seen["udp"], COUNT)
        assert seen["heard"] == COUNT

    make = (f"ip link add link {guestside.TUNNEL} name own0 address {OWN_MAC} type macvlan mode bridge\n"
            f"ip link set own0 up; ip addr add {OWN}/24 dev own0")
    with path.variant(overlay, plan.Variant("macvlan", device="macvlan")), \
            path.commands(guest, make, "ip link del own0"):
        namespace.run(["ip", "neigh", "replace", OWN, "lladdr", OWN_MAC, "dev", "overlay0", "nud", "permanent"])
        same(traffic, expect, reason="no-merge")


def make_container(overlay):
    guest, namespace = overlay.guest, overlay.net.namespace
    guest.run(f"ip netns add gone; ip link add gone0 mtu {overlay.net.variant.mtu} type veth peer name eth0 netns gone "
              f"address {GONE_MAC} mtu {overlay.net.variant.mtu}\n"
              "ip link set gone0 master br0 up; ip -n gone link set eth0 up;"
              f"bridge fdb replace {GONE_MAC} dev gone0 master static; ip -n gone addr add {GONE}/24 dev eth0")
    namespace.run(["ip", "neigh", "replace", GONE, "lladdr", GONE_MAC, "dev", "overlay0", "nud", "permanent"])


@pytest.mark.soak
def test_a_container_deleted_under_load_takes_nothing_with_it(overlay, same):
    guest, net = overlay.guest, overlay.net
    sent = "/sys/class/net/{}/statistics/tx_packets"

    def traffic():
        make_container(overlay)
        run = udp.new_run()
        sink = net.sink(guest, cpu=5, run=run, verify=True)
        # Wait until all are counted: a machine may stand still for seconds.
        to_gone = path.sender(overlay, GONE, port=DELETED_PORT, run=run, rate=2000, burst=40, seconds=120)
        to_stay = net.send(run=run, rate=2000, burst=40, size=1000, seconds=120)
        guest.run(f"until (($(cat {sent.format('gone0')}) > 500)); do sleep 0.02; done\n"
                  "ip netns del gone\n"
                  "for ((n = 0; n < 400; n++)); do\n"
                  "\tif [[ ! -e /sys/class/net/gone0 ]]; then exit 0; fi\n"
                  "\tsleep 0.05\n"
                  "done\n"
                  "exit 1", timeout=40)
        assert to_stay.running and to_gone.running, "the container was not deleted under load"
        stays = sent.format(guestside.veth(0))
        # Half of the traffic may go to the deleted container: a bridge floods packets to an unknown address.
        guest.run(f"end=$(($(cat {stays}) + {4 * COUNT})); until (($(cat {stays}) > end)); do sleep 0.02; done",
                  timeout=60)
        to_gone.stop()
        account = udp.balance(to_stay.stop(), sink.wait())
        path.assert_whole(account, account["sent"])
        assert account["sent"] >= 2 * COUNT
        return {"foreign": account["foreign"], "bytes each": account["bytes"] / account["received"]}

    same(traffic, merge="backlog")
    # A leaked reference would show here, for ever.
    assert "waiting for gone0" not in guest.run("dmesg").out
