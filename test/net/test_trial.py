# SPDX-License-Identifier: GPL-2.0
"""Flows that are tried on the NIC's CPU first: there may be a queue on their path, or a socket chosen by the CPU."""

import contextlib
import sys

import pytest

from net import guestside, hostside, lanes, path, plan, udp
from net.calls import Calls
from net.lanes import reach
from net.wait import until
from stress.traffic import Traffic, record, trouble

LANES = {"mode": "lanes", "workers": 3, "batch": 16, "elephant_rate": 500, "cpus": "0-3", "park": 0}
RATE, SIZE, LONG = 2500, 300, 4_000_000    # packets per second, bytes, and packets (a limit that is never reached)
PLACES = 8192       # packets that a flow may have in flight
HOST_END = guestside.veth(0)
SHAPER = "tbf rate 9mbit burst 8k limit 3000000"


def redirected(device):
    """(commands, commands that undo them): all packets that a device receives pass a shaper of their own first."""
    return (f"{guestside.FIND_NIC}\nmodprobe ifb numifbs=0; ip link add ifb9 type ifb; ip link set ifb9 addrgenmode none up\n"
            f"tc qdisc add dev {device} ingress; tc filter add dev {device} ingress matchall "
            f"action mirred egress redirect dev ifb9\ntc qdisc add dev ifb9 root {SHAPER}",
            f"{guestside.FIND_NIC}\ntc qdisc del dev {device} ingress; ip link del ifb9")


# The qdisc of a device during a change. The kernel drops packets meanwhile, with or without falcon.
CHANGING = "noop_enqueue"


def queued(discipline):
    return (f"tc qdisc add dev {HOST_END} root {discipline}", f"tc qdisc del dev {HOST_END} root")


QUEUES = {
    "nic": redirected("$nic"),
    "tunnel": redirected(guestside.TUNNEL),
    "netem": queued(f"netem delay 3ms limit {LONG}"),
    "tbf": queued(SHAPER),
    "fq_codel": queued("fq_codel"),
    "slow": queued(f"netem delay 400ms limit {LONG}"),
}


def left(falcon, where):
    """The flow is on the kernel's path. falcon sees a queue as one only if packets leave it at once."""
    limits = {"fq_codel": ["queued"], "tbf": ["queued", "no-merge"]}.get(where, ["no-merge"])

    def there():
        entry = lanes.flow(falcon)
        return entry.get("state") == "kernel" and entry["reason"] in limits
    until(there, lanes.LIMIT, "the kernel's path")


@pytest.mark.thorough
@pytest.mark.parametrize("where,form", [("nic", "vxlan"), ("tunnel", "vxlan"), ("netem", "vxlan"),
                                        ("fq_codel", "routed"),
                                        pytest.param("tbf", "routed", marks=pytest.mark.soak)])
def test_a_flow_with_a_queue_on_its_path_stays_on_the_kernels_path_in_order(overlay, falcon, where, form, record_property):
    guest, (make, take) = overlay.guest, QUEUES[where]
    with path.variant(overlay, form) if form != "vxlan" else contextlib.nullcontext(), \
            path.commands(guest, make, take):
        falcon.enable(**LANES)
        with Traffic(overlay, rate=RATE, size=SIZE, burst=16, idle=2500) as traffic:
            left(falcon, where)
            tried = falcon.counters()["taken"]
            # The flow is tried again, with the same result.
            until(lambda: falcon.counters()["taken"] > tried, 30, "another trial")
            left(falcon, where)
        lanes.assert_conserved(falcon)
    record(record_property, traffic.account)
    assert not trouble(traffic.account), traffic.account


def test_a_new_queue_brings_a_flow_back_to_the_kernels_path(overlay, falcon, record_property):
    """The flow waits until the queue is empty. Its home CPU checks the queue now and then instead of spinning."""
    guest, (make, take), look = overlay.guest, QUEUES["slow"], "falcon_transit_release"
    # The home CPU is no worker, because falcon never waits for that CPU's own queues.
    falcon.enable(**{**LANES, "cpus": "1-3"})
    with Calls(guest, CHANGING, look) as calls:
        with Traffic(overlay, rate=RATE, size=SIZE, burst=16, idle=2500) as traffic:
            reach(falcon, state="several", reason="none")
            guest.run(make)
            reach(falcon, state="kernel", reason="queued")
            looks = calls.count()[look]
        dropped = calls.count()[CHANGING]
    guest.run(take)
    account = traffic.account
    record(record_property, account, changing=dropped, looks=looks)
    lanes.assert_conserved(falcon)
    # Once per 100 us, for 500 ms at most; then once per 64 packets that waited.
    assert looks < 5000 + PLACES / 64 + 10
    # Packets that several workers had in hand when the queue was added.
    assert account["reordered"] <= LANES["workers"] * LANES["batch"], account
    assert (account["lost"], account["duplicated"], account["damaged"]) == (dropped, 0, 0), account


@pytest.mark.thorough
def test_a_flow_that_ends_on_the_host_is_on_one_worker_unless_tc_looks_at_it(overlay, falcon):
    guest = overlay.guest
    with path.variant(overlay, "routed"):
        address = plan.host(plan.OVERLAY[4], plan.GUEST)
        falcon.enable(**LANES)
        ends = contextlib.ExitStack()
        for state, commands in (("one", None), ("kernel", ("tc qdisc add dev overlay0 clsact",
                                                         "tc qdisc del dev overlay0 clsact"))):
            with path.commands(guest, *commands) if commands else ends:
                account, _ = watched(overlay, address, lambda: reach(falcon, state=state, reason="no-merge"))
                path.assert_whole(account, account["sent"])
        lanes.assert_conserved(falcon)


def watched(overlay, address, look):
    """The account of datagrams to an address of the guest itself, and the result of look() during the traffic."""
    guest, run = overlay.guest, udp.new_run()
    name = f"host-{run}"
    words = udp.options(port=udp.DEFAULT_PORT, bind=address, run=run, idle=udp.IDLE_MS, ready=f"/shared/{name}")
    sink = udp.Sink(guest, f"exec taskset -c 5 {udp.GUEST_TOOLS}/udp-sink {' '.join(words)}", guest.shared / name)
    sender = path.sender(overlay, address, port=udp.DEFAULT_PORT, run=run, rate=RATE, size=SIZE, burst=16, seconds=600)
    try:
        seen = look()
    finally:
        sent = sender.stop()
    return udp.balance(sent, sink.wait()), seen


RECEIVER = r"""
import array, select, socket, struct, sys, time
group = []
for cpu in range(4):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(1, 15, 1)                               # SO_REUSEPORT
    sock.setsockopt(1, 33, 32 << 20)                        # SO_RCVBUFFORCE
    if sys.argv[1] == "incoming":
        sock.setsockopt(1, 49, cpu)                         # SO_INCOMING_CPU
    sock.bind(("0.0.0.0", int(sys.argv[3])))
    group.append(sock)
if sys.argv[1] == "cbpf":                                   # ld #cpu; ret a
    program = array.array("B", struct.pack("HBBIHBBI", 0x20, 0, 0, 0xfffff024, 0x16, 0, 0, 0))
    group[0].setsockopt(1, 51, struct.pack("HxxxxxxQ", 2, program.buffer_info()[0]))
open(sys.argv[2], "w").close()
counts, silent = [0] * 4, 0
while silent < 10 or not any(counts):
    ready = select.select(group, [], [], 0.2)[0]
    silent = 0 if ready else silent + 1
    for sock in ready:
        sock.recv(2048)
        counts[group.index(sock)] += 1
print(*counts)
"""


@pytest.mark.parametrize("by", ["incoming", pytest.param("cbpf", marks=pytest.mark.thorough)])
def test_one_flow_goes_to_one_socket_of_a_group_that_is_chosen_from_by_cpu(overlay, falcon, by, record_property):
    guest, name = overlay.guest, f"group-{udp.new_run()}"
    (guest.shared / "group.py").write_text(RECEIVER)
    falcon.enable(**LANES)
    group = guest.spawn(overlay.net.in_container(
        f"/usr/bin/python3 /shared/group.py {by} /shared/{name} {udp.DEFAULT_PORT}"))
    until((guest.shared / name).exists, 20, "the sockets")
    sender = overlay.net.send(rate=RATE, size=SIZE, burst=16, seconds=600)
    try:
        entry = reach(falcon, state="several", reason="none")
        taken = falcon.counters()["taken"]
        until(lambda: falcon.counters()["taken"] > taken + 2 * RATE, 20, "packets")
    finally:
        sent = sender.stop()
    counts = [int(word) for word in group.wait(30, check=True).out.split()]
    record_property("counts", counts)
    # Without falcon they are processed on the NIC's CPU.
    assert entry["cpu"] == 0
    assert counts == [sent["sent"], 0, 0, 0], sent


FRAMES = r"""
import socket, struct, sys, time
def ip(proto, src, dst, rest):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(rest), 0, 0, 64, proto, 0) + socket.inet_aton(src) + socket.inet_aton(dst)
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack(">H", ~total & 0xffff) + head[12:] + rest
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
tap.bind((sys.argv[1], 0))
macs = bytes.fromhex(sys.argv[2].replace(":", "") + sys.argv[3].replace(":", ""))
for number in range(int(sys.argv[4])):
    ports = struct.pack(">HHHH", 7777 + number % 4, 5000, 8 + 300, 0)
    inner = ip(17, "198.51.100.1", "198.51.100.11", ports + bytes(300))
    tap.send(macs + b"\x08\0" + ip(47, "192.0.2.1", "192.0.2.2", struct.pack(">HHI", 0x1000, 0x800, number) + inner))
    if number % 16 == 15:
        time.sleep(16 / 3000)
"""
MAKE_GRE = (f"modprobe ip_gre; ip link add gre9 type gre local 192.0.2.2 remote 192.0.2.1 iseq; ip link set gre9 up\n"
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gre9.rp_filter=0\n"
            f"ip route add 198.51.100.11 dev {guestside.BRIDGE}\n"
            f"ip neigh replace 198.51.100.11 lladdr {plan.container_mac(0)} dev {guestside.BRIDGE} nud permanent")
TAKE_GRE = "ip link del gre9; ip route del 198.51.100.11; sysctl -qw net.ipv4.ip_forward=0"


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["lanes", "pipeline"])
def test_a_tunnel_that_checks_sequence_numbers_loses_nothing(overlay, falcon, mode):
    guest, count = overlay.guest, 6000
    with path.commands(guest, MAKE_GRE, TAKE_GRE):
        falcon.enable(**{**LANES, "mode": mode})
        overlay.net.namespace.run([sys.executable, "-c", FRAMES, hostside.TAP, plan.NIC_MAC, plan.TAP_MAC, count])

        def of(counter):
            return int(guest.run(f"cat /sys/class/net/gre9/statistics/{counter}").out)
        until(lambda: of("rx_packets") + of("rx_fifo_errors") >= count, 20, "the packets")
        assert (of("rx_packets"), of("rx_fifo_errors")) == (count, 0)
        assert falcon.counters()["taken"] == 0


@contextlib.contextmanager
def open_vswitch(overlay):
    """Tunnel and veth become ports of an Open vSwitch datapath instead of the bridge's; returns the process that
    answers misses.
    """
    guest, name = overlay.guest, f"ovs-{udp.new_run()}"
    guest.run(f"modprobe openvswitch; ip link set {guestside.TUNNEL} nomaster; ip link set {HOST_END} nomaster")
    handler = guest.spawn(f"exec /falcon/test/net/ovs_guest.py {guestside.TUNNEL} {HOST_END} /shared/{name}")
    try:
        until(lambda: (guest.shared / name).exists() or not handler.running, 30, "the datapath")
        assert handler.running, handler.stop()
        yield handler
    finally:
        handler.stop()
        guest.run("ip link del ovs-system 2>/dev/null; ip link del dp9", check=False)
        overlay.net.clear_guest(guest)
        overlay.net.setup_guest(guest)


@pytest.mark.thorough
def test_a_flow_that_open_vswitch_does_not_know_is_on_the_kernels_path(overlay, falcon, record_property):
    guest = overlay.guest
    with open_vswitch(overlay):
        late = {}
        for enabled in (False, True):
            if enabled:
                falcon.enable(**LANES)
            with Traffic(overlay, rate=RATE, size=SIZE, burst=16, idle=2500) as traffic:
                for _ in range(2):
                    if enabled:
                        reach(falcon, state="several", reason="none")
                    guest.run("pkill -USR1 -f ovs_guest.py")
                    if enabled:
                        reach(falcon, state="kernel", reason="no-merge")
                    else:
                        guest.run("sleep 1")
            late["lanes" if enabled else "stock"] = traffic.account["reordered"]
        lanes.assert_conserved(falcon)
    record_property("late", late)
