# SPDX-License-Identifier: GPL-2.0
"""The owner of a network namespace cannot change how falcon treats other namespaces."""

import contextlib
import time
import uuid

import pytest

from net import guestside, lanes, plan, udp
from net.lanes import reach
from net.wait import until
from stress.traffic import Traffic, record, trouble

LANES = {"mode": "lanes", "elephant_rate": 500, "workers": 2}
IDLE = 1500
# A user who has no rights outside the user namespace, and a network namespace that belongs to the latter.
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn"
PORTS = 16          # FALCON_TUNNEL_PORTS
TOGGLES = 12


@contextlib.contextmanager
def owner(guest, script):
    """A network namespace of an unprivileged owner, who has run the script in it. It exists while the block runs."""
    done = f"owner-{uuid.uuid4().hex[:8]}"
    process = guest.spawn(f"exec 3>/shared/{done}; exec {NOBODY} sh -c 'set -e\n{script}\necho done >&3\nexec sleep 600'")
    try:
        until(lambda: (guest.shared / done).exists() and (guest.shared / done).read_text(), 60, "what the owner does")
        yield
    finally:
        process.stop()


@contextlib.contextmanager
def container(guest):
    """A network namespace that the host creates."""
    name = f"falcon-{uuid.uuid4().hex[:8]}"
    guest.run(f"ip netns add {name}; ip -n {name} link set lo up")
    try:
        yield name
    finally:
        guest.run(f"ip netns del {name}")


@contextlib.contextmanager
def devices(guest, names, how):
    """Devices of the host; how: options of `ip link add`, in which {n} is the device's number."""
    guest.run("set -e\n" + "\n".join(f"ip link add {name} {how.format(n=n)}" for n, name in enumerate(names)))
    try:
        yield
    finally:
        guest.run("\n".join(f"ip link del {name}" for name in names))


@pytest.mark.thorough
def test_rps_of_another_namespace_keeps_no_flow_out_of_lanes(overlay, falcon):
    """Any owner of a namespace may write the mask that its new devices get."""
    falcon.enable(**LANES)
    script = "echo 1 >/proc/sys/net/core/rps_default_mask\nip link add name br9 type bridge\n" \
             f"ip link add vx9 type vxlan id {plan.VNI} dstport {overlay.net.variant.port}"
    with owner(overlay.guest, script):
        with Traffic(overlay, rate=3000, idle=IDLE) as traffic:
            reach(falcon, state="several", reason="none")
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_ports_of_another_namespace_take_no_place_in_the_table(overlay, falcon):
    falcon.enable(**LANES)
    script = "\n".join(f"ip link add vx{n} type vxlan id {n + 1} dstport {20000 + n}" for n in range(3 * PORTS))
    with owner(overlay.guest, script):
        assert len([1 for device in falcon.ctl("device list")["devices"] if device.get("port", 0) >= 20000]) == 3 * PORTS
        assert "reason" not in falcon.ctl("status")
        # The host's tunnel is the newest one.
        overlay.net.clear_guest(overlay.guest)
        overlay.net.setup_guest(overlay.guest)
        assert "reason" not in falcon.ctl("status")
        with Traffic(overlay, rate=3000, idle=IDLE) as traffic:
            reach(falcon, state="several", reason="none")
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_a_port_that_has_no_place_in_the_table_is_named_in_status(overlay, falcon):
    falcon.enable(**LANES)
    assert "reason" not in falcon.ctl("status")
    names = [f"vp{n}" for n in range(PORTS)]
    with devices(overlay.guest, names, "type vxlan external dstport 2{n:04}"):
        assert f"flows by port {20000 + PORTS - 1} " in falcon.ctl("status")["reason"]
        # A second device with a known port needs no entry. Ports that have an entry keep it.
        overlay.guest.run(f"ip link del {names[0]}; ip link add {names[0]} type vxlan id 7 dstport 20001")
        assert "reason" not in falcon.ctl("status")
        with Traffic(overlay, rate=3000, idle=IDLE) as traffic:
            reach(falcon, state="several", reason="none")
    assert not trouble(traffic.account)
    assert "reason" not in falcon.ctl("status")


def held(falcon):
    """Packets of flows that falcon brought back to the kernel's path."""
    return sum(falcon.counters(stage)["standby"] for stage in ("nic", "tunnel", "container"))


def go_on(falcon):
    """Wait until more packets are steered."""
    before = falcon.counters()["steered"]
    until(lambda: falcon.counters()["steered"] > before + 2000, 30, "packets steered")


def toggle(guest, netns, device):
    guest.run(f"for ((n = 0; n < {TOGGLES}; n++)); do for state in on off; do nsenter --net=/run/netns/{netns} "
              f"ethtool -K {device} rx-udp-gro-forwarding $state || exit; done; done")


@pytest.mark.thorough
def test_a_container_that_tells_its_tunnel_to_merge_udp_has_no_flow_brought_back(overlay, falcon):
    falcon.enable(mode="pipeline")
    guest = overlay.guest
    with container(guest) as name, Traffic(overlay, flows=2, idle=IDLE) as traffic:
        # One tunnel that belongs to the container, and one that the host has moved to it.
        guest.run(f"ip -n {name} link add own type vxlan id 9 dstport 4789\n"
                  f"ip link add given type vxlan id 9 dstport {overlay.net.variant.port} && ip link set given netns {name}")
        go_on(falcon)
        before = held(falcon)
        toggle(guest, name, "own")
        go_on(falcon)
        assert held(falcon) == before
        toggle(guest, name, "given")
        until(lambda: held(falcon) > before, 20, "flows to be brought back, once")
        # Setting the configuration waits until the change is over.
        falcon.configure(batch=17)
        once = held(falcon)
        # Neither further changes nor moving the device bring flows back again.
        toggle(guest, name, "given")
        guest.run(f"nsenter --net=/run/netns/{name} ip link set given netns 1 && ip link set given netns {name}")
        toggle(guest, name, "given")
        go_on(falcon)
        assert held(falcon) == once
    assert not trouble(traffic.account)
    assert falcon.counters()["gro-bypass"] > 0


@pytest.mark.thorough
def test_devices_that_come_and_go_keep_no_new_flow_from_going_ahead(overlay, falcon):
    """As on a node that creates a pod each second."""
    falcon.enable(**{**LANES, "cpus": "1-4", "elephant_rate": 100000})
    number = falcon.ctl("priority add", "protocol=udp")["id"]
    pods = overlay.guest.spawn("while :; do ip link add vp0 type veth peer name vp1; sleep 0.25; ip link del vp0; sleep 0.25; done")
    try:
        # No new flow goes ahead in the first second: packets from before could still be queued, and would be overtaken.
        # overtake them.
        time.sleep(1.5)
        account = overlay.udp(count=300, flows=300, rate=150, burst=1, size=64)
    finally:
        pods.stop()
        overlay.guest.run("ip link del vp0 2>/dev/null || true")
    assert not trouble(account)
    [rule] = [rule for rule in falcon.ctl("priority list")["rules"] if rule["id"] == number]
    assert rule["flows"] == 300
    assert rule["packets"] == lanes.assert_conserved(falcon)["taken"] == account["sent"]


@contextlib.contextmanager
def told_to_use_a_thread(overlay):
    """The tunnel polls in a thread. It is created anew at the end: if a GRO cell has packets when NAPI changes, the
    kernel may never poll it again, with or without falcon.
    """
    overlay.guest.run(f"echo 1 >/sys/class/net/{guestside.TUNNEL}/threaded")
    try:
        yield
    finally:
        overlay.net.clear_guest(overlay.guest)
        overlay.net.setup_guest(overlay.guest)


@pytest.mark.thorough
def test_a_tunnel_whose_napi_runs_in_a_thread_keeps_its_flows_on_the_kernels_path(overlay, falcon):
    falcon.enable(**LANES)
    with told_to_use_a_thread(overlay), Traffic(overlay, rate=3000, idle=IDLE):
        reach(falcon, state="kernel", reason="threaded")
        lanes.reach_status(falcon, not_promoted_reason="threaded")
        assert falcon.counters()["taken"] == 0
    # Another tunnel's thread does not matter.
    with devices(overlay.guest, ["vt0"], "type vxlan id 9 dstport 4790"):
        overlay.guest.run("echo 1 >/sys/class/net/vt0/threaded")
        with Traffic(overlay, port=udp.DEFAULT_PORT + 1, rate=3000, idle=IDLE) as traffic:
            reach(falcon, port=udp.DEFAULT_PORT + 1, state="several", reason="none")
    assert not trouble(traffic.account)


@pytest.mark.thorough
def test_a_flow_is_demoted_in_order_after_its_tunnels_napi_moves_to_a_thread(overlay, falcon):
    falcon.enable(**LANES)
    with contextlib.ExitStack() as stack, Traffic(overlay, rate=3000, idle=IDLE) as traffic:
        reach(falcon, state="several", reason="none")
        # A flow in lanes needs no GRO cell, so it goes on, and is demoted, whichever CPU polls the cell.
        stack.enter_context(told_to_use_a_thread(overlay))
        falcon.configure(elephant_rate=4_000_000_000)
        reach(falcon, state="kernel")
    assert (traffic.account["reordered"], traffic.account["duplicated"]) == (0, 0)
    assert lanes.assert_conserved(falcon)["taken"] > 0


@contextlib.contextmanager
def counted(guest, function):
    """Counts calls of one of falcon's functions while the block runs; returns a function that reads the count."""
    tracing = "/sys/kernel/tracing"
    guest.run(f"echo 'p:counted falcon:{function}' >>{tracing}/kprobe_events; echo 1 >{tracing}/events/kprobes/counted/enable")
    try:
        yield lambda: int(guest.run(f"awk '$1 == \"counted\" {{ print $2 }}' {tracing}/kprobe_profile").out)
    finally:
        guest.run(f"echo 0 >{tracing}/events/kprobes/counted/enable; echo '-:counted' >>{tracing}/kprobe_events")


@pytest.mark.thorough
def test_devices_on_no_flows_path_make_no_plan(overlay, falcon):
    """Each new plan invalidates the flow cache of every CPU."""
    guest, count = overlay.guest, 40
    falcon.enable(**LANES, park=0)
    with counted(guest, "falcon_replan") as plans, container(guest) as name:
        before = plans()
        guest.run(f"for ((n = 0; n < {count}; n++)); do\n"
                  f"\techo link add pair$n type veth peer name other$n\n"
                  f"\techo link add tunnel$n type vxlan id $n dstport $((20000 + n))\n"
                  f"done | ip -n {name} -batch -", timeout=120)
        assert falcon.ctl("status")["devices"] >= 3 * count
        assert plans() == before
        # A device that packets of a NIC can reach does make a new plan.
        with devices(guest, ["vn0"], "type vxlan id 9 dstport 20000"):
            assert plans() == before + 1
    assert "reason" not in falcon.ctl("status")


COPIES = 100
ENOUGH = 10 * 64 * COPIES


@contextlib.contextmanager
def flooded(guest):
    """A bridge in the container copies each received packet to all its ports, and a second bridge behind one of these
    ports copies it again.
    """
    netns, device = guestside.container_netns(0), guestside.CONTAINER_DEVICE
    tc, batch = f"tc -n {netns}", f"ip -n {netns} -batch -"
    guest.run(f"""set -e
        sysctl -qw net.core.netdev_max_backlog=1000
        for bridge in first second; do
            echo link add name $bridge up type bridge
            for n in $(seq {COPIES}); do
                echo link add name $bridge$n type veth peer name end-$bridge$n
                echo link set $bridge$n master $bridge up
                echo link set end-$bridge$n up
            done
        done | {batch}
        ip -n {netns} link set end-first1 master second
        {tc} qdisc add dev {device} clsact""")
    flood = f"filter %s dev {device} ingress pref 1 protocol all matchall"
    try:
        yield [f"{tc} {flood % 'add'} action mirred egress mirror dev first", f"{tc} {flood % 'del'}"]
    finally:
        guest.run(f"""{tc} qdisc del dev {device} clsact
            for bridge in first second; do
                echo link del $bridge
                for n in $(seq {COPIES}); do echo link del $bridge$n; done
            done | {batch}
            sysctl -qw net.core.netdev_max_backlog={guestside.BACKLOG}""")


@pytest.mark.thorough
def test_what_a_container_makes_of_each_packet_is_bounded_and_the_rest_is_dropped(overlay, falcon, record_property):
    falcon.enable(**{**LANES, "elephant_rate": 0, "delivery": "worker", "batch": 64})
    with flooded(overlay.guest) as (start, end), \
         Traffic(overlay, port=udp.DEFAULT_PORT + 1, container=None, rate=500, size=64, idle=IDLE) as other, \
         Traffic(overlay, rate=1000, burst=64, size=64, idle=IDLE) as traffic:
        reach(falcon, state="several", reason="none")
        overlay.guest.run(start)
        until(lambda: falcon.counters("container")["dropped-full"] > ENOUGH, 60, "copies to be dropped")
        overlay.guest.run(end)
        demotions = falcon.counters()["demotions"]
    counters, container = falcon.counters(), falcon.counters("container")
    record(record_property, traffic.account, dropped=container["dropped-full"],
           gap_ms=other.account["longest_gap_ns"] // 1_000_000)
    assert counters["taken"] > 0
    assert (traffic.account["reordered"], traffic.account["duplicated"]) == (0, 0)
    # The first copies of each packet, among them the container's own, are not dropped. (If the flow was demoted
    # meanwhile, as when the machine stood still, its own packets met a full backlog.)
    assert not traffic.account["lost"] or demotions
    assert not trouble(other.account)
