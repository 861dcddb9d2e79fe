# SPDX-License-Identifier: GPL-2.0
"""Mode lanes while devices disappear to which packets in flight refer."""

import pytest

from net import guestside, hostside, lanes, path, plan, udp
from net.calls import Calls
from net.wait import until
from stress.test_lanes import IDLE, LANES
from stress.traffic import SCALE, Traffic, clean_log, record, trouble

PORT = 7000     # of the traffic to the container that is deleted
MAC = "02:fa:1c:00:07:07"
ADDRESS = plan.host(plan.OVERLAY[4], 77)
SENDER = plan.host(plan.OVERLAY[4], plan.HOST)

COME = f"""\
ip netns add gone
ip link add gone0 type veth peer name eth0 netns gone address {MAC}
ip -n gone link set eth0 addrgenmode none up
ip -n gone addr add {ADDRESS}/24 dev eth0
ip -n gone neigh replace {SENDER} lladdr {plan.HOST_TUNNEL_MAC} dev eth0 nud permanent
ip link set gone0 addrgenmode none master {guestside.BRIDGE} up
bridge fdb replace {MAC} dev gone0 master static
"""
# The kernel deletes a namespace's devices asynchronously.
GONE = """\
for ((n = 0; n < 400; n++)); do
	if [[ ! -e /sys/class/net/gone0 ]]; then exit 0; fi
	sleep 0.05
done
echo 'gone0 is still there' >&2; exit 1
"""
GO = "ip netns del gone\n" + GONE
MOVE = f"""\
set -e
ip netns add elsewhere
ip link set gone0 netns elsewhere
ip -n elsewhere link set gone0 netns 1
ip link set gone0 addrgenmode none master {guestside.BRIDGE} up
bridge fdb replace {MAC} dev gone0 master static
ip netns del elsewhere
"""


# Packets from the bridge to a port enter the backlog again by a device of another kind.
COME_BY_NEITHER = f"""\
set -e
modprobe dummy numdummies=0
ip link add odd0 type dummy
ip link set odd0 addrgenmode none master {guestside.BRIDGE} up
bridge fdb replace {MAC} dev odd0 master static
ip link add odd1 type dummy
ip link set odd1 addrgenmode none up
tc qdisc add dev odd0 clsact
tc filter add dev odd0 egress matchall action mirred ingress redirect dev odd1
"""
GO_BY_NEITHER = "for name in odd0 odd1; do if [[ -e /sys/class/net/$name ]]; then ip link del $name; fi; done"
# falcon calls this function for each flow that it then locks. It calls it by its address, so no compiler inlines it.
LOCKS = "hold_to_forget"
PAIRS = 20


@pytest.fixture
def doomed(overlay):
    """Sends packets to a container that is not the topology's, even while it does not exist."""
    namespace = overlay.net.namespace
    remote = plan.host(plan.UNDERLAY[4], plan.GUEST)
    namespace.run(["ip", "neigh", "replace", str(ADDRESS), "lladdr", MAC, "dev", hostside.TUNNEL, "nud", "permanent"])
    namespace.run(["bridge", "fdb", "replace", MAC, "dev", hostside.TUNNEL, "dst", str(remote), "self", "permanent"])
    sender = udp.Sender(namespace.popen([udp.TOOLS / "udp-send", *udp.options(
        to=ADDRESS, port=PORT, flows=2, rate=2000, seconds=3600, size=200)]))
    try:
        yield sender
    finally:
        if sender.running:
            sender.stop()
        namespace.run(["bridge", "fdb", "del", MAC, "dev", hostside.TUNNEL, "dst", str(remote), "self"])
        namespace.run(["ip", "neigh", "del", str(ADDRESS), "dev", hostside.TUNNEL])
        if overlay.guest.alive:
            overlay.guest.run(f"if [[ -e /run/netns/gone ]]; then {GO}fi")


def arrive(overlay, falcon):
    """Wait until several CPUs at once send to the container that is deleted."""
    def received():
        return int(overlay.guest.run("ip netns exec gone cat /sys/class/net/eth0/statistics/rx_packets").out)
    lanes.reach(falcon, port=PORT, state="several")
    before = received()
    until(lambda: received() > before + 200, 20, "packets for the container that goes")


def names(falcon):
    return [device["ifname"] for device in falcon.ctl("device list")["devices"]]


@pytest.mark.thorough
@pytest.mark.torture(check=True)
@pytest.mark.usefixtures("doomed")
def test_a_container_is_deleted_and_made_again_under_traffic(overlay, falcon, record_property):
    guest, cycles = overlay.guest, 1 + SCALE
    falcon.enable(**LANES)
    with clean_log(guest), Traffic(overlay, rate=2000, idle=IDLE) as traffic:
        for _ in range(cycles):
            guest.run("set -e\n" + COME)
            arrive(overlay, falcon)
            guest.run(GO)
            assert "gone0" not in names(falcon)
    falcon.disable()        # packets still arrive for the other container
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, cycles=cycles, gone=counters["dropped-gone"])
    assert not trouble(traffic.account)


@pytest.mark.soak
@pytest.mark.usefixtures("doomed")
def test_a_veth_is_moved_to_another_namespace_and_back_under_traffic(overlay, falcon, record_property):
    guest, cycles = overlay.guest, 1 + SCALE
    falcon.enable(**LANES)
    guest.run("set -e\n" + COME)
    with clean_log(guest), Traffic(overlay, rate=2000, idle=IDLE) as traffic:
        for _ in range(cycles):
            arrive(overlay, falcon)
            guest.run(MOVE)
        arrive(overlay, falcon)
        assert "gone0" in names(falcon)
    falcon.disable()        # packets still arrive for the other container
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, cycles=cycles, gone=counters["dropped-gone"])
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_the_tunnel_is_deleted_and_made_again_under_traffic(overlay, falcon, record_property):
    guest, net, cycles = overlay.guest, overlay.net, 1 + SCALE
    falcon.enable(**LANES)
    with clean_log(guest):
        sender = net.send(rate=2000, seconds=3600, size=200)
        try:
            for _ in range(cycles):
                lanes.reach(falcon, state="several")
                net.clear_guest(guest)
                assert guestside.TUNNEL not in names(falcon)
                net.setup_guest(guest)
                assert guestside.TUNNEL in names(falcon)
        finally:
            sender.stop()
    counters = lanes.assert_conserved(falcon)
    record_property("cycles", cycles)
    record_property("taken", counters["taken"])
    record_property("gone", counters["dropped-gone"])
    with Traffic(overlay, idle=IDLE) as traffic:
        lanes.reach(falcon, state="several")
    assert not trouble(traffic.account)


@pytest.mark.thorough
@pytest.mark.usefixtures("doomed")
def test_a_container_that_is_made_again_is_not_of_its_old_rule(overlay, falcon):
    """The kernel gives the new network namespace the inode number of the old one."""
    guest = overlay.guest
    falcon.enable(**{**LANES, "elephant_rate": 100000})
    guest.run("set -e\n" + COME)
    for _ in range(2):
        number = falcon.ctl("priority add netns=gone rate=0")["id"]
        lanes.reach(falcon, port=PORT, state="inline", rule=number)
        guest.run(GO)
        guest.run("set -e\n" + COME)
        until(lambda: "rule" not in lanes.flow(falcon, PORT), 20, "the flow to have no rule")
    rules = falcon.ctl("priority list")["rules"]
    assert len({entry["id"] for entry in rules}) == 2
    lanes.assert_conserved(falcon)


def test_a_device_that_goes_costs_what_its_own_flows_do(overlay, falcon, doomed, record_property):
    """The device may be of any kind, also of one that falcon does not know. If no flow has packets for it, its removal
    costs nothing.
    """
    guest = overlay.guest

    def up():
        return sum("workers" in flow and flow["dport"] == PORT for flow in falcon.flows())
    falcon.enable(**LANES)
    with path.commands(guest, COME_BY_NEITHER, GO_BY_NEITHER), clean_log(guest), \
         Traffic(overlay, rate=2000, flows=6, idle=IDLE) as traffic, Calls(guest, LOCKS) as calls:
        lanes.reach(falcon, port=PORT, merge="backlog")
        lanes.reach(falcon, merge="backlog")
        until(lambda: sum("workers" in flow for flow in falcon.flows()) == 6 + 2, 20, "all flows in lanes")
        guest.run(f"set -e; for ((n = 0; n < {PAIRS}; n++)); do ip link add no0 type veth peer name no1; ip link del no0; done")
        for_others = calls.count()[LOCKS]
        # Packets for a device that is down end there, and flows without a destination are demoted. Then no packets come
        # any more.
        doomed.stop()
        guest.run("timeout 20 ip link del odd1")
        still = up()
        for_its_own = calls.count()[LOCKS] - for_others
    falcon.disable()
    counters = lanes.assert_conserved(falcon)
    record(record_property, traffic.account, others=for_others, own=for_its_own, still=still, gone=counters["dropped-gone"])
    assert not trouble(traffic.account)
    assert for_others == 0
    # The sender's two flows, each locked once. If the machine stands still they may be demoted earlier.
    assert still <= for_its_own <= 2
