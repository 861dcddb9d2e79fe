# SPDX-License-Identifier: GPL-2.0
"""Where the way ends: on the host, and in a container that is gone."""

import pytest

from net import path, plan, udp
from net.path import same  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 3000
GONE = "198.51.100.77"
GONE_MAC = "02:fa:1c:00:02:77"
DELETED_PORT = 5800


def test_a_tunnel_that_ends_on_the_host_delivers_the_same(overlay, same):
    guest, to = overlay.guest, plan.host(plan.OVERLAY[4], plan.GUEST)

    def traffic():
        run = udp.new_run()
        name = f"host-{run}"
        words = udp.options(port=udp.DEFAULT_PORT, bind=to, run=run, verify=True, idle=udp.IDLE_MS,
                            ready=f"/shared/{name}")
        sink = udp.Sink(guest, f"exec taskset -c 5 {udp.GUEST_TOOLS}/udp-sink {' '.join(words)}", guest.shared / name)
        sent = path.sender(overlay, to, port=udp.DEFAULT_PORT, run=run, count=COUNT, size=1000, rate=4000, burst=40)
        return {"udp": path.counts(udp.balance(sent.wait(), sink.wait()))}

    # there the tunnel device has an address
    with path.variant(overlay, "routed"):
        same(traffic, lambda seen: path.assert_whole(seen["udp"], COUNT), limit="no-merge")


def make_container(overlay):
    guest, namespace = overlay.guest, overlay.net.namespace
    guest.run(f"ip netns add gone; ip link add gone0 mtu {overlay.net.variant.mtu} type veth peer name eth0 netns gone "
              f"address {GONE_MAC} mtu {overlay.net.variant.mtu}\n"
              "ip link set gone0 master br0 up; ip -n gone link set eth0 up;"
              f"bridge fdb replace {GONE_MAC} dev gone0 master static; ip -n gone addr add {GONE}/24 dev eth0")
    namespace.run(["ip", "neigh", "replace", GONE, "lladdr", GONE_MAC, "dev", "overlay0", "nud", "permanent"])


def test_a_container_deleted_under_load_takes_nothing_with_it(overlay, same):
    guest, net = overlay.guest, overlay.net

    def traffic():
        make_container(overlay)
        run = udp.new_run()
        sink = net.sink(guest, cpu=5, run=run, verify=True)
        to_gone = path.sender(overlay, GONE, port=DELETED_PORT, run=run, rate=2000, burst=40, seconds=4)
        to_stay = net.send(run=run, rate=2000, burst=40, count=2 * COUNT, size=1000)
        # It goes while both are under way.
        guest.run("until (($(cat /sys/class/net/gone0/statistics/tx_packets) > 500)); do sleep 0.02; done\n"
                  "ip netns del gone\n"
                  "for ((n = 0; n < 400; n++)); do\n"
                  "\tif [[ ! -e /sys/class/net/gone0 ]]; then exit 0; fi\n"
                  "\tsleep 0.05\n"
                  "done\n"
                  "exit 1", timeout=40)
        assert to_stay.running and to_gone.running, "the container was not deleted under load"
        account = udp.balance(to_stay.wait(), sink.wait())
        to_gone.wait()
        return {"udp": path.counts(account)}

    same(traffic, lambda seen: path.assert_whole(seen["udp"], 2 * COUNT), merge="backlog")
    # A reference left behind would show here, for ever.
    assert "waiting for gone0" not in guest.run("dmesg").out
